"""One server for each name, shared by all the tests: it serves ours and the peers alike."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.servers.harness import Server, running

from .sites import ASGI, INSERT, ROWS, TABLE, WSGI, site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .sites import Start


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("django")


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("stock") / "stock.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(f"create table {TABLE} (id integer primary key, name text not null)")
        connection.executemany(INSERT.format("?", "?"), ROWS)
        connection.commit()
    return file


@pytest.fixture(scope="session")
def peer(logs: Path, sqlite_file: Path) -> Iterator[Start]:
    """The server of that name, started when first asked for, and anew when a test has ended it."""
    with contextlib.ExitStack() as stack:
        started: dict[str, Server] = {}

        def start(name: str) -> Server:
            if name not in started or started[name].process.poll() is not None:
                own = running(name, middleware=False, app=site(name, sqlite_file), logs=logs)
                started[name] = stack.enter_context(own)
            return started[name]

        yield start


@pytest.fixture
def doomed(logs: Path, sqlite_file: Path) -> Iterator[Start]:
    """The same for one test: a server that will freeze, or that has no drain."""
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(
            running(name, middleware=False, app=site(name, sqlite_file, "plain"), logs=logs)
        )


@pytest.fixture(params=[*ASGI, *WSGI])
def server(request: pytest.FixtureRequest, peer: Start) -> Server:
    """tailrace behind each of the servers, one by one."""
    return peer(request.param)


_runs = itertools.count(1)


@pytest.fixture
def run() -> str:
    """A name under which the project records this test's streams."""
    return f"run{next(_runs)}"
