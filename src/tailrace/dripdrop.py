"""DripDrop's API over this engine: `DripDrop` is a `FastAPI` with progressive routes.

A handler returns a tree such as a dict, in which values may be coroutines that nobody has awaited. Who asks for
`application/x-progressive-json` gets the tree at once and each value as it comes, in version 1 of that format, in
version 2 with `;v=2`, and as server-sent events where it asks for `text/event-stream`. Everybody else gets the
finished document as plain JSON.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from fastapi import Depends, FastAPI, Request, Response
from fastapi.utils import is_body_allowed_for_status_code

from tailrace._finish import closed_at_once
from tailrace._holes import Document
from tailrace._tree import missing
from tailrace.fastapi import Stream
from tailrace.formats import EventStream, Progressive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tailrace._model import Problem
    from tailrace._streamed import Asked, Plan
    from tailrace.asgi import Receive, Scope, Send

__all__ = ["DripDrop"]

Handler = TypeVar("Handler", bound="Callable[..., Any]")


class DripDrop(FastAPI):
    """A FastAPI application that has `progressive_route` too."""

    def progressive_route(
        self, path: str, methods: Iterable[str] = ("GET",), *, problems: str | None = None, **options: Any
    ) -> Callable[[Handler], Handler]:
        """Let a handler's return value be streamed: its awaitables, async iterables and `GrowingText`, at any depth.

        `problems` names the member under which a finished document lists the problems of failed values, with null in
        their places; None: the whole is a 500, or what the first that failed says on purpose. `options` are those of
        `FastAPI.api_route`; `response_model` is for the documentation only. A returned `Response` goes out as it is,
        and a `Document` has bounds of its own. No `Request` parameter is needed.

        Raises `TypeError` for a handler that yields, and where `methods` are no names of methods or `problems` is no
        name of a member.
        """
        methods = [methods] if isinstance(methods, str) else list(methods)
        if not methods:
            raise TypeError("progressive_route(methods=[]): expected the names of methods, such as GET")
        whole = Document(None, problems=problems)
        status = options.get("status_code") or 200
        options["responses"] = _documented(status, options.get("responses") or {})
        options["dependencies"] = [*(options.get("dependencies") or ()), Depends(_keep_response)]

        def decorate(handler: Handler) -> Handler:
            answering = _answering(handler, whole, int(status))
            # A route for each: the operations of one would have one id in OpenAPI.
            for method in dict.fromkeys(one.upper() for one in methods):
                self.api_route(path, methods=[method], **options)(answering)
            return handler

        return decorate


_RESPONSE: Final = "tailrace.response"
"""Where the scope keeps what dependencies and the handler know as their `Response`."""


async def _keep_response(request: Request, response: Response) -> None:
    request.scope[_RESPONSE] = response


class _Answer(Stream[Any]):
    """A `Stream` for whatever Accept there is, with the status and the headers that its `Response` was given."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = cast("Response | None", scope.get(_RESPONSE))
        if given is not None:
            # What was never set is None, whatever its annotation says.
            self.status_code = cast("int | None", given.status_code) or self.status_code
            self.raw_headers += given.headers.raw
        if not is_body_allowed_for_status_code(self.status_code):
            scope = {**scope, "method": "HEAD"}  # which has none either, and closes what was not started
        await super().__call__(scope, receive, send)

    def _refused(self, problem: Problem, asked: Asked) -> Plan:
        del problem
        finished = self._offer[0]
        return self.plan(asked, (finished, finished.media_types[0]))


def _answering(handler: Callable[..., Any], whole: Document, status: int) -> Callable[..., Any]:
    """The handler with its tree in an answer; FastAPI sees its signature, and whether it has to be awaited."""
    kinds = [handler, getattr(handler, "__call__", None)]  # noqa: B004 - FastAPI takes objects with an `async def`
    if any(inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one) for one in kinds):
        raise TypeError(
            f"progressive_route: expected a handler that returns a tree, and {handler!r} yields: "
            "return the iterator as a member of the tree, or as `tailrace.fastapi.Stream`"
        )

    def answer(tree: Any) -> Response:
        if isinstance(tree, Response):
            return tree
        answered = _Answer(_document_of(tree, whole))
        answered.status_code = status
        return answered

    if any(inspect.iscoroutinefunction(one) for one in kinds):

        @wraps(handler)
        async def answering(*args: Any, **kwargs: Any) -> Response:
            return answer(await handler(*args, **kwargs))

        return answering

    @wraps(handler)
    def answering_in_a_thread(*args: Any, **kwargs: Any) -> Response:
        return answer(handler(*args, **kwargs))

    return answering_in_a_thread


def _document_of(tree: Any, whole: Document) -> Document:
    """The document that a handler has returned; where it is none, what it was made of is closed."""
    document = tree if isinstance(tree, Document) else None
    content = tree if document is None else document.content
    try:
        if document is None:
            return whole.replaced(content=tree)
        return document.replaced(problems=document.problems or whole.problems)
    except ValueError:
        for part in missing(content):
            closed_at_once(part)
        raise


_STREAMED: Final = {
    media_type: {"schema": {"type": "string"}}
    for format_ in (Progressive(version=1), Progressive(), EventStream())
    for media_type in format_.media_types
}
"""The bodies that OpenAPI is told of beside the finished document."""


def _documented(status: int, responses: Mapping[int | str, Mapping[str, Any]]) -> dict[int | str, Any]:
    """A route's `responses` with the media types of the one that is streamed."""
    key = next((one for one in responses if str(one) == str(int(status))), int(status))
    given = responses.get(key, {})
    return {**responses, key: {**given, "content": {**_STREAMED, **given.get("content", {})}}}
