"""`Stream` for Starlette: the bare one as a `Response`."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, Unpack

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailrace import asgi
from tailrace._servers import is_daphne
from tailrace._typed import T
from tailrace.errors import Abort

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.background import BackgroundTask

    from tailrace._options import Options
    from tailrace._source import Given


class Stream(asgi.Stream[T], Response):
    """A response whose body is written while its items come; see `tailrace.asgi.Stream`.

    `background` runs once the stream has ended, however it ended, unless the server cancels it. An
    error before the first item that the application has a handler for, such as `HTTPException`, goes
    to that handler.
    """

    media_type = "application/json"

    def __init__(
        self,
        content: Given,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
        **options: Unpack[Options],
    ) -> None:
        # Not Response.__init__, which would render the content.
        asgi.Stream.__init__(self, content, status_code, headers, **options)
        if background is not None and not callable(background):
            raise TypeError(
                f"background={background!r}: expected a BackgroundTask; media types are in formats="
            )
        self.background = background

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Answer one HTTP request, then run `background`."""
        try:
            await super().__call__(scope, receive, send)
        except Exception:
            if self.background is not None:
                await self.background()
            raise
        if self.background is not None:
            await self.background()

    def _before_start(self, scope: asgi.Scope) -> None:
        if _has_body(scope):
            _refuse_lazy_reads(scope)

    def _after_failure(self, error: BaseException, scope: asgi.Scope) -> None:
        # A dependency with `yield` is to roll back, not to commit. An Abort is no accident, and is not reported
        # as one; daphne stops looking after its applications when one of them raises.
        if not isinstance(error, Abort) and not is_daphne(scope):
            raise error

    def _is_frameworks(self, error: BaseException, scope: asgi.Scope) -> bool:
        by_class, _ = scope.get("starlette.exception_handlers", ({}, {}))
        if isinstance(error, HTTPException) or any(kind in by_class for kind in type(error).__mro__):
            return True
        # What handles everything else stands in a middleware of its own.
        handlers = getattr(scope.get("app"), "exception_handlers", {})
        return not isinstance(error, Abort) and (
            Exception in handlers or HTTPStatus.INTERNAL_SERVER_ERROR in handlers
        )


def _has_body(scope: asgi.Scope) -> bool:
    fields = {name.lower(): value for name, value in scope["headers"]}
    if scope.get("http_version", "1.1")[0] == "1" and b"transfer-encoding" not in fields:
        return bool(fields.get(b"content-length", b"0") != b"0")
    return scope["method"] not in {"GET", "HEAD"}  # HTTP/2 need not say that there is a body


def _refuse_lazy_reads(scope: asgi.Scope) -> None:
    """Let every later attempt to read the request's body fail with a clear error.

    Who listens for the disconnect takes the body's messages from under it: `receive` has one queue. The
    request was made by whoever called the handler, and so calls us.
    """
    frame = inspect.currentframe()
    while frame is not None:
        for value in list(frame.f_locals.values()):
            if _is_unread(value, scope):
                value._receive = _refused  # noqa: SLF001 - the one place where every way of reading passes
        frame = frame.f_back


async def _refused() -> NoReturn:
    raise RuntimeError(
        "a stream's source cannot read the request's body, which is read from the same queue as the "
        "client's departure: read it before the Stream is made, with `await request.body()`"
    )


def _is_unread(value: Any, scope: asgi.Scope) -> bool:
    if not issubclass(type(value), Request):  # an instance may be a proxy that answers with an error
        return False
    request: Any = value
    if request.scope.get("headers") is not scope["headers"]:
        return False
    return not getattr(request, "_stream_consumed", False) and not hasattr(request, "_body")
