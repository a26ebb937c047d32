"""A client that sees the bytes: each chunk with its time, and how the connection ended."""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self

import h11

Ending = Literal["complete", "cut", "open"]

AT_ONCE: Final = struct.pack("ii", 1, 0)


@dataclass
class Reply:
    """A response, as far as it came. `ending` says whether the transfer was completed, cut, or still going on."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    ending: Ending = "open"

    @property
    def body(self) -> bytes:
        """The body without its framing."""
        return b"".join(chunk for _, chunk in self.chunks)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """All values of one field, as RFC 9110 5.2 joins them."""
        values = self.all(name)
        return ", ".join(values) if values else None

    def all(self, name: str) -> list[str]:
        """The field's lines."""
        return [value for key, value in self.headers if key == name]


class Client:
    """One connection. It reads only when told to, and leaves in the manner it is told."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(5.0)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        self.reply = Reply()
        self._h11 = h11.Connection(h11.CLIENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, target: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> None:
        """Send a request without a body."""
        fields = [("host", "localhost"), *((headers or {}).items())]
        request = h11.Request(method=method, target=target, headers=fields)
        sent = (self._h11.send(request) or b"") + (self._h11.send(h11.EndOfMessage()) or b"")
        self.socket.sendall(sent)

    def post(self, target: str, body: bytes, *, length: int | None = None) -> None:
        """Send a request with a body, of which `length` may promise more than is there."""
        fields = [("host", "localhost"), ("content-length", str(len(body) if length is None else length))]
        request = h11.Request(method="POST", target=target, headers=fields)
        self.socket.sendall(self._h11.send(request) or b"")
        self.socket.sendall(self._h11.send(h11.Data(data=body)) or b"")
        if length is None:
            self._h11.send(h11.EndOfMessage())

    def read(self, *, within: float = 5.0, until: bytes | None = None) -> Reply:
        """Read to the end of the response, or until its body has `until` in it, or as long as allowed."""
        deadline = time.monotonic() + within
        while self.reply.ending == "open" and not (until is not None and until in self.reply.body):
            left = deadline - time.monotonic()
            if left <= 0 or not self._step(left):
                break
        return self.reply

    def head(self, *, within: float = 5.0) -> Reply:
        """Read the status and the headers, and what came with them."""
        deadline = time.monotonic() + within
        while not self.reply.status:
            left = deadline - time.monotonic()
            if left <= 0 or not self._step(left):
                break
        return self.reply

    def leave(self, manner: Literal["fin", "rst"]) -> None:
        """Close the connection: as a client that is done with it, or as one that died."""
        if manner == "rst":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.socket.close()

    def again(self) -> None:
        """Get ready for the next request on the same connection."""
        self._h11.start_next_cycle()
        self.reply = Reply()

    def _step(self, within: float) -> bool:
        """One event; False if none came in time."""
        try:
            event = self._h11.next_event()
            while event is h11.NEED_DATA:
                self.socket.settimeout(within)
                self._h11.receive_data(self.socket.recv(1 << 18))
                event = self._h11.next_event()
        except TimeoutError:
            return False
        except (h11.RemoteProtocolError, ConnectionError):
            self.reply.ending = "cut"
            return True
        self._take(event)
        return True

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Response):
            self.reply.status = event.status_code
            self.reply.headers = [
                (name.decode().lower(), value.decode("latin-1")) for name, value in event.headers
            ]
        elif isinstance(event, h11.Data):
            self.reply.chunks.append((time.monotonic(), bytes(event.data)))
        elif isinstance(event, h11.EndOfMessage):
            self.reply.ending = "complete"
        elif isinstance(event, h11.ConnectionClosed):
            self.reply.ending = "cut"


def fetch(
    port: int, target: str, *, method: str = "GET", headers: dict[str, str] | None = None, within: float = 5.0
) -> Reply:
    """One request on a connection of its own."""
    with Client(port) as client:
        client.ask(target, method=method, headers=headers)
        return client.read(within=within)
