"""Promise 10: SIGTERM with open streams. The last of the modules: each server ends here."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pytest

from tests.servers.harness import Broken, Server, eventually, running
from tests.servers.shutdown_readers import asking, heard
from tests.servers.test_shutdown import (
    EVENTS,
    LINES,
    ends_in_time,
    finish,
    not_kept,
    say_that_they_fail,
    stopping,
    told_to_come_back,
)

from .sites import ASGI, SYNC, WSGI, site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.wire import Client

    from .sites import Start


def ends(server: Server) -> None:
    """Now that nobody reads: within the second that its processes take, or three on a busy machine."""
    eventually(lambda: server.process.poll() is not None, 3, "the process still runs")


def told_to_stop(server: Server, run: str) -> None:
    """Nobody sees an end that was none, what is finite finishes, and the process ends in time."""
    many = server.name != SYNC  # whose one worker has one stream
    with ExitStack() as clients:

        def ask(target: str, accept: str, count: int) -> list[Client]:
            return clients.enter_context(asking(server, f"{target}?run={run}", accept, count))

        watching = ask("/stream/endless", EVENTS, 5 if many else 1)
        watching += ask("/plain-def/endless_sync", EVENTS, 5 if many else 0)
        finite = ask("/stream/short", LINES, 2) + ask("/plain-def/short_sync", LINES, 2) if many else []
        exporting = ask("/stream/endless_sync", LINES, 2) if many else []
        with stopping(server) as stop:
            readers = heard(watching)
            not_kept(readers, stop)
            told_to_come_back(readers)
            finish(finite)
            if server.name == "hypercorn":  # which cancels Django, and not what Django has begun
                assert {client.read(within=5).ending for client in exporting} == {"cut"}
            else:
                say_that_they_fail(exporting)
            clients.close()  # gunicorn waits a while for who keeps a connection open
            ends(server)


def alone(server: Server, run: str) -> None:
    """The same without a drain, and of Django's own."""
    with asking(server, f"/django/endless?run={run}", "*/*", 2) as watching, stopping(server) as stop:
        with pytest.raises(Broken, match="still runs"):
            ends_in_time(stop)
        readers = heard(watching, until=b'"n":9')
        with pytest.raises(Broken, match="are kept"):
            not_kept(readers, stop)
        with pytest.raises(Broken, match="not told when"):
            told_to_come_back(readers)


ALONE: Final = "Django alone, on uvicorn"


@pytest.fixture(scope="module")
def stopped(peer: Start, undrained: Server) -> dict[str, Future[None]]:
    """All the servers, stopped at a time: each mostly waits. Which of them kept what it promises."""
    servers = {name: peer(name) for name in (*ASGI, *WSGI)}
    with ThreadPoolExecutor(len(servers) + 1) as pool:
        runs = {name: pool.submit(told_to_stop, server, "stop") for name, server in servers.items()}
        return {**runs, ALONE: pool.submit(alone, undrained, "alone")}


@pytest.fixture(scope="module")
def undrained(logs: Path, sqlite_file: Path) -> Iterator[Server]:
    with running("uvicorn", middleware=False, app=site("uvicorn", sqlite_file, "plain"), logs=logs) as server:
        yield server


@pytest.mark.parametrize("name", [*ASGI, *WSGI])
def test_a_server_that_is_told_to_stop(stopped: dict[str, Future[None]], name: str) -> None:
    """Promise 10."""
    stopped[name].result()


def test_django_alone_waits_for_ever(stopped: dict[str, Future[None]]) -> None:
    """The control: its readers are told nothing, and while one of them stays the process does."""
    stopped[ALONE].result()
