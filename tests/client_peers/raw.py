"""A server that sends the bytes it is told to, and ends the connection as it is told to."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHIN: Final = 20.0
_AT_ONCE: Final = struct.pack("ii", 1, 0)


class Answer:
    """One connection, whose request has been read; `head` is that."""

    def __init__(self, connection: socket.socket, head: bytes) -> None:
        self.head = head
        self._connection = connection

    @property
    def target(self) -> str:
        """What was asked for."""
        return self.head.split(b" ")[1].decode()

    def begin(self, content_type: str, *fields: str, status: str = "200 OK") -> None:
        """The status and the fields."""
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", "Connection: close", *fields]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def send(self, data: bytes | memoryview) -> None:
        """Bytes as they are."""
        self._connection.sendall(data)

    def chunk(self, data: bytes) -> None:
        """One chunk of a body that is sent in chunks; an empty one is the last."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def reset(self) -> None:
        """End the connection as a machine that died would."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)


class Asked:
    """Where a server is, and how often somebody has come."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heads: list[bytes] = []
        self.connections = 0


@contextlib.contextmanager
def answering(answer: Callable[[Answer], object]) -> Iterator[Asked]:
    """A server that answers one after the other. Whoever leaves in the middle is left."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        asked = Asked(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread = threading.Thread(target=_serve, args=(listener, asked, answer), daemon=True)
        thread.start()
        try:
            yield asked
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(WITHIN)
            assert not thread.is_alive(), "the server does not stop"


def _serve(listener: socket.socket, asked: Asked, answer: Callable[[Answer], object]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        # What is sent before a reset is not to wait for what was sent before it, and be lost.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked.connections += 1
        with connection, contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                more = connection.recv(1 << 20)
                if not more:
                    break
                head += more
            else:
                asked.heads.append(head)
                answer(Answer(connection, head))
