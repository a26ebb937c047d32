"""One server for each name and middleware, shared by all the tests of it; started when first asked for."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import pytest

from .harness import SERVERS, Server, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BOTH = [
    pytest.param((name, middleware), id=f"{name}-{'middleware' if middleware else 'bare'}")
    for name in SERVERS
    for middleware in (False, True)
]


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session", params=BOTH)
def server(request: pytest.FixtureRequest, logs: Path) -> Iterator[Server]:
    """tailrace behind each of the servers. pytest groups the tests by it, so that one runs at a time."""
    name, middleware = request.param
    with running(name, middleware=middleware, app="ours", logs=logs) as started:
        yield started


@pytest.fixture(scope="session")
def peer(logs: Path) -> Iterator[Callable[[str, bool], Server]]:
    """The peers' own streams behind the server that is asked for; one that froze is started anew."""
    with contextlib.ExitStack() as stack:
        started: dict[tuple[str, bool], Server] = {}

        def start(name: str, middleware: bool) -> Server:  # noqa: FBT001 - the two stand in every test's call
            key = name, middleware
            if key not in started:
                started[key] = stack.enter_context(
                    running(name, middleware=middleware, app="peers", logs=logs)
                )
            return started[key]

        yield start


@pytest.fixture
def doomed(logs: Path) -> Iterator[Callable[[str, bool], Server]]:
    """The same for one test: a server that will freeze."""
    with contextlib.ExitStack() as stack:
        yield lambda name, middleware: stack.enter_context(
            running(name, middleware=middleware, app="peers", logs=logs)
        )


_runs = itertools.count(1)


@pytest.fixture
def run() -> str:
    """A name under which the application records this test's streams."""
    return f"run{next(_runs)}"
