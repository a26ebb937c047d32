"""SIGTERM: events are sent away, what is finite finishes or fails, and the process ends in time."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from .harness import SERVERS, running
from .wire import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import Server

GRACE = 1.5
EVENTS, LINES = "text/event-stream", "application/x-ndjson"
READERS = 100


STARTS = [
    *[(name, middleware) for name in SERVERS for middleware in (False, True)],
    ("uvicorn --workers 2", False),
    ("uvicorn --reload", False),
    ("granian --workers 2", False),
]


@pytest.fixture(params=STARTS, ids=str)
def going(request: pytest.FixtureRequest, logs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    name, middleware = request.param
    if name == "daphne":  # which answers no lifespan
        monkeypatch.setenv("WRAPPED", "1")
    with running(name, middleware=middleware, app="going", logs=logs) as started:
        yield started


@contextlib.contextmanager
def asking(server: Server, target: str, accept: str, count: int) -> Iterator[list[Client]]:
    """Clients that have had their first item."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(count)]
        for client in clients:
            client.ask(target, headers={"accept": accept})
        for client in clients:
            assert b'"n":0' in client.read(until=b'"n":0').body
        yield clients


def test_a_server_that_is_told_to_stop(going: Server) -> None:
    """Promise 10, fault 9: nobody sees an end that was none, and nobody waits for ever."""
    # hypercorn's command sends its worker no signal: it waits for three seconds, then cancels.
    latest = 3.0 if going.name == "hypercorn" else GRACE
    with (
        asking(going, "/endless", EVENTS, READERS) as watching,
        asking(going, "/short", LINES, 3) as finite,
        asking(going, "/endless", LINES, 3) as exporting,
    ):
        os.kill(going.process.pid, signal.SIGTERM)
        told = time.monotonic()
        events = [client.read(within=10).body for client in watching]
        parted = time.monotonic() - told
        whole = [client.read(within=10).body for client in finite]
        failed = [client.read(within=10).body for client in exporting]
    going.process.wait(10)
    took = time.monotonic() - told
    times = [re.search(rb"\nretry: (\d+)\n\n\Z", body) for body in events]
    # What hypercorn cancels behind the middleware is cut off from the client: no last words, and no end.
    if (going.name, going.middleware) != ("hypercorn", True):
        assert all(times), "an event stream did not end in a time to come back after"
        assert len({time[1] for time in times if time}) > READERS / 2
        assert all(body.rsplit(b"\n", 1)[1].startswith(b'{"problem":') for body in failed)
    assert not any(b"event: end" in body or b"event: problem" in body for body in events)
    assert parted < (latest + 1 if going.name == "hypercorn" else 1)
    assert [body.count(b"\n") for body in whole] == [10] * 3
    assert took < latest + 1
