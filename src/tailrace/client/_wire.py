"""The socket under a response: kept alive by the system, and shut down by who has had enough."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Final

import httpx2

_KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""Two minutes until a peer that is gone without a word is found to be: lines and arrays have no keep-alive."""


class Wire:
    """What the HTTP client tells of its connection; give `note` as its `trace` extension, or `anote`."""

    def __init__(self) -> None:
        self._socket: Any = None
        self._shared = False
        self._cut = False
        self._lock = threading.Lock()
        """So that a connection that was given back is not shut down: others may have it."""

    def note(self, name: str, info: dict[str, Any]) -> None:
        """Remember the connection that a request goes over, where it is a new one.

        Raises `httpx2.ConnectError` for a request that is about to go out when nobody wants it any more.
        """
        if self._cut and name.endswith("send_request_headers.started"):
            raise httpx2.ConnectError("closed")
        found = _socket_of(info.get("return_value"))
        if found is not None:
            self._socket = found
            _keep_alive(found)

    async def anote(self, name: str, info: dict[str, Any]) -> None:
        """The same on an event loop."""
        self.note(name, info)

    def opened(self, extensions: dict[str, Any]) -> None:
        """Remember the connection that a response comes over."""
        self._socket = _socket_of(extensions.get("network_stream")) or self._socket
        self._shared = extensions.get("http_version") == b"HTTP/2"

    def forget(self) -> None:
        """The connection is given back: from now on it may be somebody else's."""
        with self._lock:
            self._socket = None

    def interrupt(self) -> None:
        """End whatever waits for the connection, in whichever thread; not one that others use too."""
        self._cut = True
        with self._lock, contextlib.suppress(OSError):  # it has gone meanwhile
            if isinstance(self._socket, socket.socket) and not self._shared:
                # Of the socket itself: TLS would want to say goodbye, and its state is another thread's.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            self._socket = None


def _socket_of(stream: Any) -> Any:
    """A stream's socket, or what an event loop shows of it."""
    get: Any = getattr(stream, "get_extra_info", None)
    return get("socket") if callable(get) else None


def _keep_alive(wire: Any) -> None:
    with contextlib.suppress(OSError, AttributeError, NotImplementedError):  # a socket that is no TCP
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE:
            if hasattr(socket, name):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
