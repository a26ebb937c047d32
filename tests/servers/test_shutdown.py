"""SIGTERM: events are sent away, what is finite finishes or fails, and the process ends in time."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from .harness import SERVERS, Broken, Server, eventually, expect, running
from .shutdown_readers import Reader, asking, heard, is_free, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.programs import Program

    from .wire import Client

GRACE = 1.5
EVENTS, LINES = "text/event-stream", "application/x-ndjson"
SECOND = b'"n":1'
READERS, MANY, PROGRAMS = 100, 500, 20
BIN, FULLEST = 100, 0.15
"""Milliseconds, and the largest part of all readers that may come back within them."""

FILES = 4096
"""More than this process holds open at a time: a socket or a pipe for each reader, twice. The servers inherit it."""

# hypercorn's command sends its worker no signal: the worker learns from the parent that it is to stop, waits for three
# seconds, and cancels what is open then. So readers go on for so long, and the process outlives the grace: for 500
# streams, of which it logs 500 tracebacks, it was seen to last for 3.6 seconds, and 4.2 on a busy machine.
HYPERCORN_LIVES = 5.0

STARTS = [
    *[(name, True) for name in (*SERVERS, "gunicorn -k asgi", "hypercorn serve()")],
    ("uvicorn --workers 2", False),
    ("uvicorn --reload", False),
    ("granian --workers 2", False),
]
CROWDED = [*SERVERS, "gunicorn -k uvicorn_worker.UvicornWorker", "gunicorn -k asgi", "hypercorn serve()"]


class Start(Protocol):
    """Starts a server of the application that goes away."""

    def __call__(self, name: str, *, middleware: bool = False, port: int | None = None) -> Server: ...


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    with contextlib.ExitStack() as stack:

        def start(name: str, *, middleware: bool = False, port: int | None = None) -> Server:
            if name == "daphne":  # which answers no lifespan
                monkeypatch.setenv("WRAPPED", "1")
            logs = tmp_path_factory.mktemp("going")
            return stack.enter_context(
                running(name, middleware=middleware, app="going", logs=logs, port=port)
            )

        yield start


@pytest.fixture
def _many_files() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (FILES if limit == resource.RLIM_INFINITY else limit for limit in limits)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@dataclass
class Stop:
    """A server that was told to stop: what it may, and for how long it lived, or longer than it may."""

    told: float
    keeps_readers: float
    lives: float
    lived: Future[float]


def life_after(told: float, process: subprocess.Popen[bytes], within: float) -> float:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(within)
    return time.monotonic() - told


@contextlib.contextmanager
def stopping(server: Server, *, group: bool = False) -> Iterator[Stop]:
    """Tell it, or its processes one and all, and watch from beside."""
    slow = server.name == "hypercorn" and not group
    keeps_readers, lives = [HYPERCORN_LIVES] * 2 if slow else (1.0, GRACE + 1)
    with ThreadPoolExecutor(1) as beside:
        told = time.monotonic()
        (os.killpg if group else os.kill)(server.process.pid, signal.SIGTERM)
        yield Stop(told, keeps_readers, lives, beside.submit(life_after, told, server.process, lives))


def not_kept(readers: list[Reader], stop: Stop) -> None:
    """Their streams end at once, and say neither that this was all nor that they failed."""
    bodies = [reader.body for reader in readers]
    expect(not any(b"event: end" in body for body in bodies), "an event stream looks finished")
    expect(not any(b"event: problem" in body for body in bodies), "an event stream looks failed")
    expect(max(reader.ended for reader in readers) - stop.told < stop.keeps_readers, "readers are kept")


def transfers_are_complete(readers: list[Reader]) -> None:
    """As each sees it by itself: curl exits with 0, httpx2 raises nothing."""
    endings = {reader.ending for reader in readers}
    expect(endings == {"complete"}, f"transfers are {endings}")


def told_to_come_back(readers: list[Reader]) -> None:
    expect(all(reader.retry is not None for reader in readers), "a reader is not told when to come back")


def come_back_apart(readers: list[Reader]) -> None:
    """At no moment too many: each comes when the time has passed that it was told, since its transfer ended."""
    back = Counter(int(reader.ended * 1000 + (reader.retry or 0)) // BIN for reader in readers)
    fullest = max(back.values())
    expect(fullest <= FULLEST * len(readers), f"{fullest} of {len(readers)} come back within {BIN} ms")


def finish(finite: list[Client]) -> None:
    """What ends within the grace is whole."""
    replies = [client.read(within=10) for client in finite]
    whole = [reply.ending == "complete" and reply.body.count(b"\n") == 10 for reply in replies]
    expect(all(whole), "what was finite did not finish")


def say_that_they_fail(exporting: list[Client]) -> None:
    """What would go on has a last line that is none."""
    lines = [client.read(within=10).body.rsplit(b"\n", 1)[1] for client in exporting]
    expect(all(line.startswith(b'{"problem":') for line in lines), "a failure does not show")


def ends_in_time(stop: Stop) -> None:
    expect(stop.lived.result() <= stop.lives, "the process still runs")


@pytest.mark.parametrize(("name", "middleware"), STARTS)
def test_a_server_that_is_told_to_stop(start: Start, name: str, middleware: bool) -> None:  # noqa: FBT001 - a test's parameter
    """Promise 10: nobody sees an end that was none, and nobody waits for ever."""
    server = start(name, middleware=middleware)
    with (
        asking(server, "/endless", EVENTS, READERS) as watching,
        asking(server, "/short", LINES, 3) as finite,
        asking(server, "/endless", LINES, 3) as exporting,
        stopping(server) as stop,
    ):
        readers = heard(watching)
        not_kept(readers, stop)
        # What hypercorn cancels behind the middleware is cut off from the client: no last words, and no end.
        if (name, middleware) != ("hypercorn", True):
            told_to_come_back(readers)
            come_back_apart(readers)
            say_that_they_fail(exporting)
        finish(finite)
        ends_in_time(stop)


@pytest.mark.parametrize("name", ["hypercorn", "uvicorn --workers 2"])
def test_a_group_that_is_told_to_stop(start: Start, name: str) -> None:
    """As systemd does it: the workers have the signal too, be there a handler of the server's or none."""
    server = start(name)
    with (
        asking(server, "/endless", EVENTS, 20) as watching,
        asking(server, "/short", LINES, 3) as finite,
        asking(server, "/endless", LINES, 3) as exporting,
        stopping(server, group=True) as stop,
    ):
        readers = heard(watching)
        not_kept(readers, stop)
        told_to_come_back(readers)
        finish(finite)
        say_that_they_fail(exporting)
        ends_in_time(stop)


@pytest.mark.usefixtures("_many_files")
@pytest.mark.parametrize("name", CROWDED)
def test_five_hundred_readers_go_and_come_back(start: Start, curl: Program, name: str) -> None:
    """Fault 9: they are told so and spread out, the server ends in time, and the next one takes them all.

    They come at once, which is worse than what they were told. The port is given back at the signal; by gunicorn's own
    worker, which looks once a second whether it is to stop, within that time; by daphne, which is told when its streams
    have ended, and by hypercorn's command, only with the process: the next server is started after it, not beside.
    """
    server = start(name)
    with (
        asking(server, "/quiet", EVENTS, MANY - 2 * PROGRAMS) as sockets,
        programs(curl, server, "/quiet", PROGRAMS) as others,
        asking(server, "/short", LINES, 3) as finite,
        asking(server, "/endless", LINES, 3) as exporting,
        stopping(server) as stop,
    ):
        readers = [*heard(sockets), *others()]
        eventually(lambda: is_free(server.port), stop.lives, "the port is not given back")
        with asking(start(name, port=server.port), "/quiet", EVENTS, MANY) as back:
            again = heard(back, until=SECOND)
        not_kept(readers, stop)
        told_to_come_back(readers)
        come_back_apart(readers)
        transfers_are_complete(readers)
        finish(finite)
        say_that_they_fail(exporting)
        expect(all(SECOND in reader.body for reader in again), "the next server does not go on")
        ends_in_time(stop)


def test_uvicorn_alone_waits_for_ever(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without a drain: its readers are told nothing, and while one of them stays the process does."""
    monkeypatch.setenv("UNDRAINED", "1")
    server = start("uvicorn")
    with asking(server, "/quiet", EVENTS, 3) as watching, stopping(server) as stop:
        with pytest.raises(Broken, match="still runs"):
            ends_in_time(stop)
        readers = heard(watching, until=b'"n":6')
        assert [reader.ending for reader in readers] == ["open"] * 3
        with pytest.raises(Broken, match="are kept"):
            not_kept(readers, stop)
        with pytest.raises(Broken, match="not told when"):
            told_to_come_back(readers)


def test_readers_that_are_told_the_same_come_back_together() -> None:
    with pytest.raises(Broken, match="500 of 500 come back within"):
        come_back_apart([Reader(b"data: 0\n\nretry: 3000\n\n", "complete", 1.0)] * MANY)
