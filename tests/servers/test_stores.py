"""A real PostgreSQL and a real Valkey behind a stream: what is taken from them is given back."""

from __future__ import annotations

import contextlib
import itertools
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
import redis

from .checks import CSV, NDJSON, SSE, events, parsed
from .harness import SERVERS, Server, eventually, running
from .wire import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 30_000
ENDLESS = 1_000_000_000
BOTH = list(itertools.product(SERVERS, (False, True)))


@pytest.fixture(scope="module", params=BOTH, ids=str)
def server(request: pytest.FixtureRequest, logs: Path) -> Iterator[Server]:
    name, middleware = request.param
    with pytest.MonkeyPatch.context() as environment:
        # Each test needs one of them, and the other may have been left out.
        for variable, fixture in {"DATABASE_URL": "database_url", "REDIS_URL": "redis_url"}.items():
            with contextlib.suppress(pytest.skip.Exception):
                environment.setenv(variable, request.getfixturevalue(fixture))
        with running(name, middleware=middleware, app="stores", logs=logs) as started:
            yield started


def sessions(database_url: str, name: str) -> int:
    """How many connections of that name the database has."""
    with psycopg.connect(database_url) as connection:
        query = "select count(*) from pg_stat_activity where application_name = %s"
        (count,) = connection.execute(query, [name]).fetchone() or (0,)
        return int(count)


@pytest.mark.parametrize("media_type", [NDJSON, CSV])
def test_rows_of_a_database(server: Server, database_url: str, media_type: str) -> None:
    """Every row arrives, and the connection is given back."""
    name = f"whole-{uuid4()}"
    reply = server.get(f"/orders?name={name}&count={ROWS}", accept=media_type, within=20)
    assert reply.ending == "complete"
    found = parsed(media_type, reply.body)
    assert [int(row["id"]) for row in found] == list(range(1, ROWS + 1))
    assert found[-1]["name"] == f"Item {ROWS}"
    eventually(lambda: not sessions(database_url, name), 1, "the connection is held")


def test_a_reader_of_a_database_that_leaves(server: Server, database_url: str) -> None:
    """Fault 1: the cursor and the connection are closed, whose closing awaits the database."""
    name = f"left-{uuid4()}"
    with Client(server.port) as client:
        client.ask(f"/orders?name={name}&count={ENDLESS}", headers={"accept": NDJSON})
        assert b"{" in client.read(until=b"{").body
        assert sessions(database_url, name) == 1
        client.leave("fin")
    eventually(lambda: not sessions(database_url, name), 2, "the connection is held")


def test_a_subscriber_that_leaves(server: Server, redis_url: str) -> None:
    """Fault 1: each message reaches the client at once; when it leaves, nobody is subscribed."""
    channel = f"news-{uuid4()}"
    with redis.Redis.from_url(redis_url) as store, Client(server.port) as client:
        client.ask(f"/messages?channel={channel}", headers={"accept": SSE})
        eventually(lambda: dict(store.pubsub_numsub(channel))[channel.encode()], 2, "nobody subscribes")
        for number in range(3):
            store.publish(channel, f"message {number}")
            body = client.read(until=f"message {number}".encode(), within=2).body
        texts = [json.loads(event["data"])["text"] for event in events(body)]
        assert texts == ["message 0", "message 1", "message 2"]
        client.leave("fin")
        eventually(lambda: not dict(store.pubsub_numsub(channel))[channel.encode()], 2, "it stays subscribed")
