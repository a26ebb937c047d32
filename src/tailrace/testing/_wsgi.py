"""A transport for httpx2's `Client` that calls a WSGI application and delivers what it gives as it gives it."""

from __future__ import annotations

import io
import math
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

import httpx2

from tailrace.testing._call import Call
from tailrace.testing._exchange import log
from tailrace.testing._faults import Answer, Faults, Plan, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TextIO

    from tailrace.testing._call import StartResponse, WSGIApp


class Waits(Protocol):
    """What a transport needs of a clock; a `tailrace.testing.Clock` has it."""

    def wait(self, seconds: float, event: threading.Event, /) -> bool:
        """Let the time pass, unless the event is set before: whether it is."""
        ...


class _RealTime:
    def wait(self, seconds: float, event: threading.Event, /) -> bool:
        return event.wait(None if math.isinf(seconds) else seconds)


class WSGITransport(httpx2.BaseTransport):
    """Calls a WSGI application in process, as a server would; the reader gets each piece as it is given.

    `faults` go wrong with every request, or, where it is a sequence, with the first, the second and so on; their
    seconds pass by `clock`. `raise_app_exceptions`: what the application raises before its first bytes is raised to
    the caller; else it is a 500. Later it is a cut transfer (`httpx2.RemoteProtocolError`, caused by what was
    raised). `errors` is `wsgi.errors`, by default the standard error.

    The application runs in the thread that reads, piece by piece, and what it gives to `write` goes out before its
    next piece. Its iterable is closed with the response. The client's read time-out holds for faults, not for the
    application, which nothing can interrupt.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        faults: Faults | Sequence[Faults] = (),
        script_name: str = "",
        client: tuple[str, int] = ("127.0.0.1", 123),
        raise_app_exceptions: bool = True,
        errors: TextIO | None = None,
        clock: Waits | None = None,
    ) -> None:
        self.app = app
        self._plan = Plan(faults)
        self._place = {"SCRIPT_NAME": script_name, "REMOTE_ADDR": client[0], "REMOTE_PORT": str(client[1])}
        self._raises = raise_app_exceptions
        self._errors = errors
        self._clock: Waits = clock or _RealTime()
        self._open: set[Call] = set()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return the response once it has begun."""
        faults = self._plan.next()
        if faults.refuse:
            raise httpx2.ConnectError("[Errno 111] Connection refused")
        call = Call(
            self.app if faults.answer is None else _answering(faults.answer), self._environ_of(request)
        )
        self._open.add(call)
        try:
            call.begin()
        except BaseException as error:
            self._close(call)
            if self._raises or not isinstance(error, Exception):
                raise
            log.exception("%s: the application failed", call.what)
            return httpx2.Response(500, text="Internal Server Error")
        timeout = request.extensions.get("timeout", {}).get("read")
        body = _Body(call, faults, timeout, self._clock, self._close)
        return httpx2.Response(call.status, headers=call.headers, stream=body)

    def _environ_of(self, request: httpx2.Request) -> dict[str, Any]:
        url = request.url
        environ: dict[str, Any] = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url.scheme,
            "wsgi.input": io.BufferedReader(_Upload(request)),
            "wsgi.input_terminated": True,
            "wsgi.errors": self._errors or sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": request.method,
            # A native string holds bytes (PEP 3333, "Unicode Issues").
            "PATH_INFO": url.path.encode().decode("latin-1"),
            "QUERY_STRING": url.query.decode("latin-1"),
            "SERVER_NAME": url.host,
            "SERVER_PORT": str(url.port or {"https": 443}.get(url.scheme, 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            **self._place,
        }
        for field, value in request.headers.multi_items():
            name = field.upper().replace("-", "_")
            if name not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                name = f"HTTP_{name}"
            environ[name] = f"{environ[name]},{value}" if name in environ else value
        return environ

    def close(self) -> None:
        """Close what is open."""
        for call in list(self._open):
            self._close(call)

    def _close(self, call: Call) -> None:
        self._open.discard(call)
        call.close()


class _Body(httpx2.SyncByteStream):
    """A response's body as it reaches the reader, and what befalls it on the way."""

    def __init__(
        self, call: Call, faults: Faults, timeout: float | None, clock: Waits, close: Callable[[Call], None]
    ) -> None:
        self._call = call
        self._faults = faults.steps()
        self._timeout = timeout
        self._clock = clock
        self._close = close
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        try:
            data: bytes | None = b""
            while data is not None:
                for step in self._faults.of(data):
                    if isinstance(step, bytes):
                        yield step
                    elif step == "end" and self._call.length is None:
                        return
                    else:
                        self._suffer(step)
                data = self._call.take()
        finally:
            self._call.close()

    def _suffer(self, step: Step) -> None:
        if isinstance(step, float):
            self._pause(step)
            return
        self._call.close()
        if step == "disconnect":
            self._pause(math.inf)
        if step == "reset":
            raise httpx2.ReadError("[Errno 104] Connection reset by peer")
        raise self._call.incomplete(self._faults.passed)

    def _pause(self, seconds: float) -> None:
        timeout = math.inf if self._timeout is None else self._timeout
        self._clock.wait(min(seconds, timeout), self._closed)
        if self._closed.is_set():
            raise httpx2.ReadError("the connection is closed")
        if seconds > timeout:
            raise httpx2.ReadTimeout(f"nothing came for {timeout:g} s")

    def close(self) -> None:
        self._closed.set()
        self._close(self._call)


class _Upload(io.RawIOBase):
    """The request's body, read piece by piece."""

    def __init__(self, request: httpx2.Request) -> None:
        stream: Any = request.stream
        if not hasattr(stream, "__iter__"):
            raise TypeError("expected a request of a Client, got one whose body is read by awaiting")
        self._pieces: Iterator[bytes] = iter(stream)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _answering(answer: Answer) -> WSGIApp:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        del environ
        start_response(f"{answer.status} -", answer.fields)
        return [answer.body]

    return app
