"""A real PostgreSQL behind Django's streams: whoever has read, in whichever thread, what is taken is given back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import psycopg
import pytest

from tests.servers.checks import cleanup_finishes, departed, early_error_is_a_status
from tests.servers.harness import Broken, Server, eventually, expect, running
from tests.servers.wire import Client

from .more_checks import first_comes_first, no_connection_remains
from .sites import INSERT, ROWS, TABLE, THREADS, at_once, site
from .test_departures import departure_before_the_first_byte

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def stock(database_url: str) -> Iterator[str]:
    """The table, in a database that is somebody's."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create table {TABLE} (id integer primary key, name text not null)")
        with connection.cursor() as cursor:
            cursor.executemany(INSERT.format("%s", "%s"), ROWS)
        yield database_url
        connection.execute(f"drop table {TABLE}")


class Stored(NamedTuple):
    """A server, and how many connections of its project the database has."""

    server: Server
    sessions: Callable[[], int]


@pytest.fixture(scope="module", params=["uvicorn", THREADS])
def stored(request: pytest.FixtureRequest, logs: Path, sqlite_file: Path, stock: str) -> Iterator[Stored]:
    name = f"django-{uuid4()}"
    environment = {"DATABASE_URL": stock, "APPLICATION_NAME": name, "SYNC_ONLY": "1"}
    place = site(request.param, sqlite_file, **environment)
    query = "select count(*) from pg_stat_activity where application_name = %s"

    def sessions() -> int:
        (count,) = connection.execute(query, [name]).fetchone() or (0,)
        return int(count)

    with (
        psycopg.connect(stock, autocommit=True) as connection,
        running(request.param, middleware=False, app=place, logs=logs) as server,
    ):
        yield Stored(server, sessions)


def test_a_sync_middleware_holds_nothing_back(stored: Stored, run: str) -> None:
    """Promises 6 and 9 behind a middleware for which Django leaves its loop and comes back to it."""
    server = stored.server

    def leaves_early(wait: str) -> None:
        own = f"{run}{wait}"
        departure_before_the_first_byte(server, f"sleepy_sync?run={own}&{wait}=0.5", own, "rst")

    targets = ("stream/paced", "stream/paced_sync", "plain-def/paced", "plain-def/paced_sync")
    at_once([partial(first_comes_first, server, f"/{target}?run={run}") for target in targets])
    for view in ("stream", "plain-def"):
        cleanup_finishes(server, f"/{view}/idle?run={run}{view}&keep_alive=0.2", f"{run}{view}", "fin")
    at_once([partial(leaves_early, "linger"), partial(leaves_early, "dawdle")])
    early_error_is_a_status(server, f"/stream/http404?run={run}", 404)
    for view in ("stream", "plain-def"):
        early_error_is_a_status(server, f"/{view}/missing_row?run={run}", 404)


def nothing_is_held(stored: Stored, target: str, run: str) -> None:
    """While a stream runs that needs no database, behind a view that did."""
    server, sessions = stored
    with Client(server.port) as client:
        client.ask(target)
        expect(b"{" in client.read(until=b"{").body, "nothing came")
        eventually(lambda: not sessions(), 0.5, "the request's connection is held during the stream")
    eventually(lambda: server.state(run)["closing"], 1, "the source is not closed")


def test_connections_of_a_request_are_given_back(stored: Stored, run: str) -> None:
    """Before a stream that needs none, be it a long one."""
    nothing_is_held(stored, f"/after-a-query/idle?run={run}&keep_alive=0.2", run)


def test_django_keeps_them(stored: Stored, run: str) -> None:
    """The same of Django's own."""
    source = "idle" if stored.server.name == "uvicorn" else "endless_sync"
    with pytest.raises(Broken, match="held during the stream"):
        nothing_is_held(stored, f"/django-after-a-query/{source}?run={run}", run)


def test_connections_of_a_source_are_closed(stored: Stored, run: str) -> None:
    """Whatever thread has read: the source's own, Django's for async views, whether its client stays or leaves."""
    server, sessions = stored
    for target in ("stream/reading", "stream/reading_sync", "plain-def/reading", "rows", "rows-def"):
        no_connection_remains(server, f"/{target}?run={run}", sessions)
    departed(server, f"/plain-def/reading_slowly_sync?run={run}slow", "fin")
    eventually(lambda: server.state(f"{run}slow")["closed"], 1.5, "the source is not closed")
    eventually(lambda: not sessions(), 1, "a connection remains behind a client that has left")
