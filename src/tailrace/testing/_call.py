"""One call of a WSGI application (PEP 3333)."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import httpx2

from tailrace.testing._exchange import BODILESS, incomplete, log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
    StartResponse = Callable[..., Callable[[bytes], object]]
    WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Call:
    """The server's side: it takes a piece from the application when the reader wants one.

    All of the application runs in the thread that reads. What it gives to `write` goes out before its next piece.
    """

    def __init__(self, app: WSGIApp, environ: dict[str, Any]) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.length: int | None = None
        """The bytes of body that were promised."""
        self.failure: BaseException | None = None
        """What the application raised."""
        self.what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self._app = app
        self._environ = environ
        self._content: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())
        self._pieces: deque[bytes] = deque()
        self._taken = 0
        self._committed = self._over = False
        self._closed = threading.Event()
        self._running = threading.Lock()

    def begin(self) -> None:
        """Call the application up to its first bytes, with which its headers go out; raises what it raises."""
        try:
            self._content = self._app(self._environ, self._start_response)
            self._iterator = iter(self._content)
            while not (self._pieces or self._over):
                self._step()
            if not self.status:
                raise RuntimeError("the application has not called start_response")  # noqa: TRY301 - its own error too
        except BaseException as error:
            self.failure = error
            if not self._committed:
                raise
        self._committed = True
        if self._environ["REQUEST_METHOD"] == "HEAD" or self.status in BODILESS:
            self._pieces.clear()
            self._over, self.length = True, None

    # The application's side.

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        if exc_info and exc_info[1] is not None:
            if self._committed:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self.status:
            raise RuntimeError("start_response was called again, without exc_info")
        self.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        self.length = int(lengths[0]) if lengths else None
        self.status = int(status.partition(" ")[0])
        return self._write

    def _write(self, data: bytes) -> None:
        self._keep(data)
        self._committed = self._committed or bool(data)

    def _keep(self, piece: bytes) -> None:
        if not isinstance(piece, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] - it comes from the application
            raise TypeError(f"the application gave {type(piece).__qualname__}, expected bytes")
        if piece and not self.status:
            raise RuntimeError("the application gave a part of the body before it called start_response")
        if piece:
            self._pieces.append(piece)

    def _step(self) -> None:
        with self._running:
            piece = None if self._closed.is_set() else next(self._iterator, None)
        if piece is None:
            self._over = True
        else:
            self._keep(piece)

    # The reader's side.

    def take(self) -> bytes | None:
        """The next piece of the body, None behind the last; raises as for a transfer that is cut."""
        try:
            while not (self._pieces or self._over or self.failure):
                self._step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the transfer is over
            log.error("%s: the application failed in its response", self.what, exc_info=error)
            self.failure = error
        if self._closed.is_set():
            raise httpx2.ReadError("the connection is closed")
        if self._pieces:
            piece = self._pieces.popleft()
            if self.length is not None:
                piece = piece[: self.length - self._taken]  # servers cut off what is too much
                self._over = self._taken + len(piece) == self.length
            self._taken += len(piece)
            return piece
        self.close()
        # Whoever knows the length needs no end, and misses what is short of it.
        if self.failure is not None if self.length is None else self._taken < self.length:
            raise self.incomplete(self._taken) from self.failure
        return None

    def incomplete(self, received: int) -> httpx2.RemoteProtocolError:
        """What a reader gets whose body is cut behind so many bytes."""
        return incomplete(received, self.length)

    def close(self) -> None:
        """Close what the application returned, once; where it runs in another thread, as soon as it pauses."""
        self._closed.set()
        if not self._running.acquire(blocking=False):
            return
        try:
            content, self._content = self._content, ()
            close = getattr(content, "close", None)
            if close is not None:
                close()
        except Exception:  # noqa: BLE001 - the response is over, whatever it is
            log.exception("%s: the application's close() raised", self.what)
        finally:
            self._running.release()
