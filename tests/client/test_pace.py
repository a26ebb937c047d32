"""In real time: a server whose streams end at once is left in peace, one that sends too much is held back."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pytest

from tailrace.client import Resume, connect, sync
from tests.client.reading import SHELLS
from tests.client.script import ASK, EVENTS, LAST, chunk, event, flowing
from tests.client.script_server import WITHIN, ScriptServer

if TYPE_CHECKING:
    from tests.client.script import Step

WINDOW: Final = 0.5
"""Seconds."""


async def reads_for_a_while(url: str, resume: Resume) -> None:
    async with connect(url, resume=resume) as page:
        asyncio.get_running_loop().call_later(WINDOW, lambda: asyncio.ensure_future(page.close()))
        async for _ in page:
            pass


def read_for_a_while(url: str, resume: Resume) -> None:
    with sync.connect(url, resume=resume) as page:
        leaving = threading.Timer(WINDOW, page.close)
        leaving.start()
        for _ in page:
            pass
        leaving.join()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("fields", [b"", b"retry: 0\n\n" + event("1", id="1")], ids=["empty", "an-event"])
def test_no_hot_loop(shell: str, fields: bytes) -> None:
    """A tenth of a second, at least, between connections that fail in a row."""
    steps: tuple[Step, ...] = (ASK, EVENTS + chunk(b":\n\n" + fields) + LAST)
    with ScriptServer([steps] * 1000) as server:
        resume = Resume(delay=0.0, ceiling=0.0, attempts=None)
        if shell == "async":
            asyncio.run(reads_for_a_while(server.url, resume))
        else:
            read_for_a_while(server.url, resume)
    assert 3 <= len(server.asked) <= 2 + WINDOW / 0.1


# Back-pressure.

MUCH: Final = 200 << 20
BUFFERS: Final = 16 << 20
"""What two sockets hold between them, at most."""
STUCK: Final = 0.4
"""Seconds in which nothing more could be sent."""
BLOCK: Final = 1 << 20


class Flood:
    """A server that would send much, and notes how much it could."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._head, self._block = head, chunk(piece * (BLOCK // len(piece)))
        self.sent = 0
        self.stuck = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with self._listener, connection:
            connection.recv(65536)
            connection.settimeout(STUCK)
            connection.sendall(self._head)
            try:
                while self.sent < MUCH:
                    self.sent += connection.send(self._block)
            except TimeoutError:
                pass
            self.stuck.set()
            with suppress(OSError):  # it leaves with much that it has not read
                while connection.recv(65536):
                    pass

    def join(self) -> None:
        self._thread.join(WITHIN)
        assert not self._thread.is_alive()


async def takes_one(flood: Flood, **options: Any) -> None:
    async with connect(flood.url, **options) as page:
        await anext(aiter(page))
        assert await asyncio.to_thread(flood.stuck.wait, WITHIN)


def take_one(flood: Flood, **options: Any) -> None:
    with sync.connect(flood.url, **options) as page:
        next(iter(page))
        assert flood.stuck.wait(WITHIN)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("media_type", "piece"),
    [
        ("application/x-ndjson", b'"' + b"x" * 1021 + b'"\n'),
        ("text/event-stream", b"data: 1\n\n"),
        ("image/png", bytes(1024)),
    ],
    ids=["lines", "events", "bytes"],
)
def test_who_does_not_read_holds_the_server_back(shell: str, media_type: str, piece: bytes) -> None:
    flood = Flood(flowing(media_type), piece)
    if shell == "async":
        asyncio.run(takes_one(flood))
    else:
        take_one(flood)
    flood.join()
    assert 0 < flood.sent < BUFFERS
