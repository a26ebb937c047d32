"""A server on a real socket that does what a script says, byte for byte, and notes what it was asked."""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import struct
import termios
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from tests.client.script import ASK, HALF_CLOSE, HANG, REFUSED, RESET, Elsewhere, Handed, Jump, Pause, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.client.script import Connection, Step

WITHIN: Final = 5.0
"""Seconds for whatever has to happen: a reader that hangs is a failure, not a long run."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)
_LARGE: Final = 2_000
"""Bytes that are sent one by one; in more of them, seven by seven."""


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class ScriptServer:
    """Plays one script, connection by connection, in a thread of its own, on ports of its own."""

    def __init__(
        self,
        script: Sequence[Connection],
        *,
        bytewise: bool = False,
        jump: Callable[[float], None] | None = None,
    ) -> None:
        self.asked: list[Asked] = []
        self.extra = 0
        """Connections that no script knows."""
        self.trouble: list[str] = []
        self.sent = 0
        self._script = script
        self._bytewise = bytewise
        self._jump = jump
        self._here: socket.socket | None = _listener(0)
        self._other = _listener(0)
        self._port = self._here.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/"
        self.other = f"http://127.0.0.1:{self._other.getsockname()[1]}/"
        self._news = threading.Condition()
        self._handed = 0
        self._played = 0
        self._stopping = False
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._play, name="script server", daemon=True)

    def __enter__(self) -> Self:
        if self._script and self._script[0] is REFUSED:
            self._deafen()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._news:
            self._stopping = True
            self._news.notify_all()
        self._wake.send(b"!")
        self._thread.join(WITHIN)
        assert not self._thread.is_alive()
        for listener in (self._here, self._other):
            while listener is not None and select.select([listener], [], [], 0)[0]:
                listener.accept()[0].close()
                self.extra += 1
        for one in (self._here, self._other, self._wake, self._woken):
            if one is not None:
                one.close()

    # What the reader tells.

    @property
    def count(self) -> int:
        """The items that have been handed out."""
        return self._handed

    def handed(self, count: int) -> None:
        """So many items have been handed out."""
        with self._news:
            self._handed = count
            self._news.notify_all()

    def wake(self) -> None:
        """Something has happened elsewhere, for which somebody may wait here."""
        with self._news:
            self._news.notify_all()

    def turned_away(self) -> None:
        """The reader has found nobody listening."""
        with self._news:
            if self._played < len(self._script) and self._script[self._played] is REFUSED:
                self._played += 1
                if self._played == len(self._script) or self._script[self._played] is not REFUSED:
                    self._here = _listener(self._port)
                self._news.notify_all()

    def check(self) -> None:
        """Raise unless all was played, and no more was asked for."""
        assert not self.trouble, self.trouble
        assert self._played == len(self._script), f"{self._played} of {len(self._script)} connections came"
        assert not self.extra, f"{self.extra} connections too many"

    def wait_for(self, true: Callable[[], bool]) -> bool:
        """Wait until something that the server notes is true."""
        with self._news:
            return self._news.wait_for(true, WITHIN)

    # The thread.

    def _play(self) -> None:
        while not self._stopping:
            entry = self._script[self._played] if self._played < len(self._script) else None
            if entry is REFUSED:
                with self._news:
                    self._news.wait_for(lambda: self._stopping or self._script_at() is not REFUSED)
                continue
            connection = self._accept(self._other if isinstance(entry, Elsewhere) else self._here)
            if connection is None:
                continue
            with connection:
                if entry is None:
                    self.extra += 1
                    continue
                self._follow(connection, entry)

    def _script_at(self) -> Connection | None:
        return self._script[self._played] if self._played < len(self._script) else None

    def _follow(self, connection: socket.socket, entry: Connection) -> None:
        with self._news:
            self._played += 1
        if self._script_at() is REFUSED:
            self._deafen()
        steps = entry.steps if isinstance(entry, Elsewhere) else entry
        assert not isinstance(steps, Word)
        connection.settimeout(WITHIN)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for step in steps:
                self._take(connection, step)
        except TimeoutError:
            self.trouble.append(f"connection {self._played}: the reader let the server wait")
        except OSError:
            pass  # it has left

    def _accept(self, listener: socket.socket | None) -> socket.socket | None:
        assert listener is not None
        readable, _, _ = select.select([listener, self._woken], [], [], WITHIN)
        return listener.accept()[0] if listener in readable else None

    def _deafen(self) -> None:
        here, self._here = self._here, None
        assert here is not None
        here.close()

    def _take(self, connection: socket.socket, step: Step) -> None:
        if isinstance(step, bytes):
            self._send(connection, step)
        elif isinstance(step, Pause):
            time.sleep(step.seconds)
        elif isinstance(step, Jump):
            assert self._jump is not None
            self._jump(step.seconds)
        elif isinstance(step, Handed):
            if not self.wait_for(lambda: self._stopping or self._handed >= step.count):
                raise TimeoutError
        else:
            _WORDS[step](self, connection)

    def _send(self, connection: socket.socket, data: bytes) -> None:
        data = data.replace(b"{here}", self.url.encode()).replace(b"{other}", self.other.encode())
        size = (1 if len(data) <= _LARGE else 7) if self._bytewise else len(data)
        for begin in range(0, len(data), size):
            connection.sendall(data[begin : begin + size])
            self.sent += size

    def _ask(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += _some(connection)
        start, _, body = data.partition(b"\r\n\r\n")
        first, *lines = start.decode("utf-8").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            before = headers.get(name.lower())
            headers[name.lower()] = value.strip() if before is None else f"{before}, {value.strip()}"
        while len(body) < int(headers.get("content-length", 0)):
            body += _some(connection)
        method, target, _ = first.split(" ")
        with self._news:
            self.asked.append(Asked(method, target, headers, body))
            self._news.notify_all()

    def _hang(self, connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    def _reset(self, connection: socket.socket) -> None:
        # What is not acknowledged is dropped.
        until = time.monotonic() + WITHIN
        while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"    "))[0]:
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                break  # it has left
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.001)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        connection.close()

    def _half_close(self, connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_WR)


_WORDS: Final = {
    ASK: ScriptServer._ask,
    HANG: ScriptServer._hang,
    RESET: ScriptServer._reset,
    HALF_CLOSE: ScriptServer._half_close,
}


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    with contextlib.ExitStack() as stack:
        stack.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        stack.pop_all()
    return listener


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError
    return data
