"""`Stream` as a bare WSGI application (PEP 3333), which Flask takes as a response."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from tailrace._ferry import Ferry, Surroundings, process_loop_if_any, run
from tailrace._headers import as_text
from tailrace._problem import names_of
from tailrace._servers import ends_what_fails
from tailrace._streamed import Asked, Streamed
from tailrace._typed import T
from tailrace.drain import Drain, chain, set_current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
        ferry = Ferry(self, plan, _Werkzeugs(environ))
        try:
            instead = ferry.begin()
        except Exception as error:
            # Any other is no fault of the source's.
            if not _Werkzeugs.is_one(error):
                raise
            werkzeugs: Any = error
            return cast("Iterable[bytes]", werkzeugs.get_response(environ)(environ, start_response))
        if instead is None:
            start_response(_status(plan.status), as_text([*plan.headers, *ferry.length()]))
            return ferry
        ferry.close()
        start_response(_status(instead.status), as_text(instead.sized))
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


class _Werkzeugs(Connection):
    def is_frameworks(self, error: BaseException) -> bool:
        """Whether werkzeug makes a response of it."""
        return self.is_one(error)

    @staticmethod
    def is_one(error: BaseException) -> bool:
        """Whether it is such as Flask's `abort` raises."""
        return ("werkzeug.exceptions", "HTTPException") in names_of(error)


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

    Chains SIGTERM and SIGINT in the main thread, when the application is made. A server that sets handlers of its own
    later is found at the first request: in another thread that calls the main one by SIGURG, which means nothing to
    a process by itself.
    """
    signals, lock = _Signals(Drain(grace)), threading.Lock()
    served: set[int] = set()

    def drained(environ: Any, start_response: Any) -> Iterable[bytes]:
        if os.getpid() not in served:
            with lock:
                if os.getpid() not in served:
                    signals.serve()
                    served.add(os.getpid())
        return app(environ, start_response)

    return drained


class _Signals:
    """What starts a drain; made where the application is, which is the main thread or nowhere."""

    def __init__(self, drain: Drain) -> None:
        self._drain = drain
        self._chained = self._chain()
        if self._chained and hasattr(signal, "SIGURG") and signal.getsignal(signal.SIGURG) is signal.SIG_DFL:
            signal.signal(signal.SIGURG, self._called)

    def _chain(self) -> list[Any]:
        return chain(self._drain, process_loop_if_any)

    def serve(self) -> None:
        """The first request of a process has come."""
        run(self._begin)
        if signal.getsignal(signal.SIGTERM) in self._chained:
            return
        if threading.current_thread() is threading.main_thread():
            self._chained = self._chain()
        elif hasattr(signal, "SIGURG") and signal.getsignal(signal.SIGURG) == self._called:
            main = threading.main_thread().ident
            assert main is not None  # noqa: S101 - it runs
            signal.pthread_kill(main, signal.SIGURG)

    async def _begin(self) -> None:
        set_current(self._drain)

    def _called(self, *_: object) -> None:
        self._chained = self._chain()
        signal.signal(signal.SIGURG, signal.SIG_DFL)


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code} Unknown"
