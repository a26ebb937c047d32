"""`stream`: what a view returns."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast

from tailrace import wsgi
from tailrace._headers import as_text
from tailrace._holes import Document, is_tree
from tailrace._options import Options, document_formats
from tailrace._streamed import Asked, Plan, Streamed
from tailrace._threads import entering, leaving
from tailrace.django._asgiref import at_home, settle
from tailrace.django._connections import close_connections
from tailrace.django._queryset import Rows, rows_of
from tailrace.django._response import StreamResponse
from tailrace.django._settings import defaults, formats_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http import HttpRequest

    from tailrace._source import Given

R = TypeVar("R", bound=StreamResponse)


def stream(
    request: HttpRequest,
    content: Given,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    type: Any = None,  # noqa: A002 - as the readers say it
    **options: Unpack[Options],
) -> StreamResponse:
    """A response whose body is written while its items come; from sync and async views, under ASGI and WSGI.

    `content` is an async or a sync iterable of items (a sync one runs in a thread of its own, which closes its
    database connections), a queryset, which is read as `from_queryset` does, or a document: a tree such as a dict,
    of which parts may be awaitables and async iterables. `type` makes each item one of that type first: a dataclass,
    a `Struct`, a pydantic model. `formats`, `encoder`, `delivery`, `on_finish` and `filename` are as in
    `tailrace.asgi.Stream`; the first three default to the setting `TAILRACE`, and `formats` may be names as there.

    An error before the first item becomes the response: `Http404`, `PermissionDenied`, `BadRequest` and
    `SuspiciousOperation` through Django's own handlers, an `Abort` as its problem document, all else as a masked 500.
    A later one ends the body so that no reader can take it for complete, and aborts the transfer.

    Raises `TypeError` where `content` is no iterable of items or `formats` are none, `ValueError` for a name of none.
    """
    check_names(options)
    request = getattr(request, "_request", request)  # REST framework's is around Django's
    streamed = made(content, status, headers, type, options)
    plan = streamed.plan(asked(request))
    return respond(streamed, plan, request, StreamResponse)


def check_names(options: Options) -> None:
    """Raise `TypeError` for what `stream` does not take by name."""
    for name in options:
        if name not in Options.__optional_keys__:
            hint = (
                ": the media type is the format's, which formats= decides" if name == "content_type" else ""
            )
            raise TypeError(f"stream() got an unexpected keyword argument {name!r}{hint}")


def made(
    content: Any, status: int, headers: Mapping[str, str] | None, item_type: Any, options: Options
) -> Streamed[Any]:
    """Content and options, checked, in a context that knows what to do at the end of a thread."""
    content = rows_of(content)
    if isinstance(content, Rows):
        content = _InThread(content)
    given: dict[str, Any] = {**defaults(), **options}
    if "formats" in options:
        given["formats"] = formats_of(options["formats"])
    elif isinstance(content, Document) or is_tree(content):
        given["formats"] = document_formats(given["formats"])
    kind = Streamed if item_type is None else Streamed[item_type]
    return contextvars.copy_context().run(_made, kind, content, status, headers, given)


def _made(kind: Any, content: Any, status: int, headers: Any, options: dict[str, Any]) -> Streamed[Any]:
    entering.set(at_home)
    leaving.set(close_connections)
    settle()
    return cast("Streamed[Any]", kind(content, status, headers, **options))


class _InThread:
    """Rows that are read in the source's thread: to hand each batch to the loop would cost more."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


def respond(
    streamed: Streamed[Any],
    plan: Plan,
    request: HttpRequest | None,
    kind: type[R],
) -> R:
    """The response to a request that is answered as planned."""
    return kind(streamed, plan, request, status=plan.status, headers=dict(as_text(plan.headers)))


def asked(request: HttpRequest) -> Asked:
    """What a request says about its answer: `META` has the names of a WSGI environ under ASGI too."""
    return wsgi.asked({**request.META, "REQUEST_METHOD": request.method or "GET"})
