"""`Stream` as a bare WSGI application (PEP 3333), which Flask takes as a response."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from tailrace._ferry import Ferry, Surroundings, process_loop_if_any, run
from tailrace._servers import ends_what_fails
from tailrace._streamed import Asked, Streamed
from tailrace._typed import T
from tailrace.drain import Drain, chain, set_current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tailrace._headers import RawHeaders

    Environ = Mapping[str, Any]
    StartResponse = Callable[..., Any]
    WSGIApp = Callable[[Any, Any], Iterable[bytes]]

_SOCKETS: Final = ("gunicorn.socket", "werkzeug.socket")
"""Where servers keep a request's socket."""


class Stream(Streamed[T]):
    """A response whose body is written while its items come; `tailrace.asgi.Stream` says what it takes.

    The source runs in an event loop that all WSGI streams of the process share, in a thread; a sync one in a thread of
    its own. The server's thread waits for what there is to write, and for nothing else: an endless stream holds
    it. A client that has left is noticed when the server writes.

    A failed body ends with `BrokenPipeError`, so that the server does not end it as a complete one.
    """

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        plan = self.plan(asked(environ))
        ferry = Ferry(self, plan, Connection(environ))
        instead = ferry.begin()
        if instead is None:
            start_response(_status(plan.status), _text([*plan.headers, *ferry.length()]))
            return ferry
        ferry.close()
        length = [(b"content-length", b"%d" % len(instead.body))] if instead.body else []
        start_response(_status(instead.status), _text([*instead.headers, *length]))
        return [instead.body] if instead.body else []


class Connection(Surroundings):
    """The connection of a request, where its server tells."""

    def __init__(self, environ: Environ) -> None:
        self.aborts = not ends_what_fails(environ)
        self._socket: Any = next((environ[key] for key in _SOCKETS if key in environ), None)

    def abort(self) -> None:
        """End it: the thread that writes to it is free again."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def asked(environ: Environ) -> Asked:
    """What a request says about its answer."""

    def field(name: str) -> list[str]:
        return [environ[name]] if name in environ else []

    return Asked(
        method=environ["REQUEST_METHOD"],
        query=environ.get("QUERY_STRING", ""),
        accept=field("HTTP_ACCEPT"),
        accept_encoding=field("HTTP_ACCEPT_ENCODING"),
        last_event_id=field("HTTP_LAST_EVENT_ID"),
    )


def drain(app: WSGIApp, grace: float = 10.0) -> WSGIApp:
    """End the open streams of `app` when its server is told to stop, as `tailrace.drain.drain` does for ASGI.

    Chains SIGTERM and SIGINT where the application is made in a process's main thread, or at its first request if
    that is served there; where neither is so (an application that was loaded before a fork, served by threads),
    the server's own time-out ends the streams.
    """
    going, lock = Drain(grace), threading.Lock()
    current: set[int] = set()
    chained: set[int] = set()

    def chain_once() -> None:
        process = os.getpid()
        if process not in chained and chain(going, process_loop_if_any):
            chained.add(process)

    async def begin() -> None:
        set_current(going)

    def drained(environ: Any, start_response: Any) -> Iterable[bytes]:
        if os.getpid() not in current:
            with lock:
                if os.getpid() not in current:
                    run(begin)
                    chain_once()
                    current.add(os.getpid())
        return app(environ, start_response)

    chain_once()
    return drained


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code} Unknown"


def _text(headers: RawHeaders) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in headers]
