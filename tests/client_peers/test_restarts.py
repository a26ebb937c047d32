"""Readers of tailrace, and servers that die, or that are told to go: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tailrace.client import Resume
from tailrace.client._clock import Clock
from tests.client_peers.reading import SHELLS, Seen, read
from tests.client_peers.resuming import COUNT
from tests.real import processes
from tests.real.ports import free_port

if TYPE_CHECKING:
    import subprocess
    import threading
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
START_WITHIN = 20.0
OFTEN = Resume(delay=0.05, ceiling=0.2, attempts=None)


class Impatient(Clock):
    """The system's, by which nobody waits for long."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.05))

    def wait(self, seconds: float, event: threading.Event) -> bool:
        return super().wait(min(seconds, 0.05), event)


class Servers:
    """uvicorn on one port, as often as it is started."""

    def __init__(self, log: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log = log
        self._process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        port = self.url.rpartition(":")[2]
        words = [sys.executable, "-m", "uvicorn", "tests.client_peers.resuming:app", "--port", port]
        with self._log.open("ab") as log:
            self._process = processes.spawn(words, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + START_WITHIN
        with httpx2.Client(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    client.get(f"{self.url}/probe/ping").raise_for_status()
                    return
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.02)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        assert self._process is not None
        processes.end(self._process, how)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("restarts") / "log")
    servers.start()
    yield servers
    servers.end()


def read_on(servers: Servers, interrupt: Callable[[], object], **options: Any) -> dict[str, Seen]:
    """Both shells at a time; `interrupt` once each of them is in the middle."""
    inside: set[str] = set()

    def reading(shell: str) -> Seen:
        def note(item: dict[str, int]) -> None:
            if item["n"] == COUNT // 4:
                inside.add(shell)

        return read(shell, f"{servers.url}/steady", then=note, resume=OFTEN, **options)

    with ThreadPoolExecutor(2) as pool:
        read_by = {shell: pool.submit(reading, shell) for shell in SHELLS}
        while len(inside) < len(SHELLS):
            assert not any(one.done() for one in read_by.values()), read_by
            time.sleep(0.005)
        interrupt()
        return {shell: one.result() for shell, one in read_by.items()}


def each_came_once(seen: Seen) -> None:
    assert seen.items == [{"n": number} for number in range(COUNT)]
    assert seen.ids == [str(number) for number in range(COUNT)]
    assert (seen.error, seen.complete) == (None, True)


def test_a_server_that_is_told_to_go(servers: Servers) -> None:
    """It ends each stream behind a `retry:` of half a second to five, without an end; the next goes on with it."""

    def end_and_start() -> None:
        servers.end(signal.SIGTERM)
        servers.start()

    for seen in read_on(servers, end_and_start, clock=Impatient()).values():
        each_came_once(seen)
        assert seen.lost[0].reason == "the body ended"
        assert 0.5 <= seen.lost[0].delay <= 5 * 1.25


def test_a_server_that_is_killed(servers: Servers) -> None:
    """And starts again on the same port: until then nobody answers there, which the reader bears."""

    def kill_and_start() -> None:
        servers.end(signal.SIGKILL)
        servers.start()

    for seen in read_on(servers, kill_and_start).values():
        each_came_once(seen)
        assert len(seen.lost) > 1
        assert "Connect" in seen.lost[1].reason
