"""The three responses: an iterable's items in one format, whatever the request asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tailrace._holes import is_tree
from tailrace._model import Limits, Outcome
from tailrace._problem import log
from tailrace._pulled import Pulled
from tailrace._streamed import Asked, Streamed
from tailrace._taking import Surroundings
from tailrace.django._queryset import Rows, rows_of
from tailrace.django._response import StreamResponse
from tailrace.django._settings import defaults
from tailrace.django._stream import made
from tailrace.errors import EncodeError
from tailrace.formats import Bytes, Decoder, Encoder, Format
from tailrace.restflow._formats import Events, Lines, List

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable

    from tailrace._json import ForeignEncoder
    from tailrace.restflow._formats import MakeEncoder

    Items = AsyncIterable[Any] | Iterable[Any]

__all__ = ["NDJSONResponse", "SSEResponse", "StreamingJSONListResponse"]

_ANY: Final = Asked(method="GET", query="", accept=(), accept_encoding=(), last_event_id=())
"""These responses get no request: what it asks for is the view's business."""


class _End:
    """How the items have ended. Not a method of the response: what runs would keep one that was dropped."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __call__(self, outcome: Outcome) -> None:
        self.error = outcome.error

    def failure(self) -> BaseException:
        """What the items raised."""
        error = self.error
        while isinstance(error, EncodeError) and error.__cause__ is not None:
            error = error.__cause__
        return error or RuntimeError("the stream was ended before its items had come to an end")


class _EndOfList(_End):
    def __call__(self, outcome: Outcome) -> None:
        super().__call__(outcome)
        if outcome.reason == "failed":
            log.error(
                "StreamingJSONListResponse was closed after %d items although they failed (%r): it is valid JSON, "
                "and only the aborted transfer says that some are missing",
                outcome.items,
                outcome.error,
            )


class _Response(StreamResponse):
    """What the three share."""

    _ends: ClassVar[type[_End]] = _End

    def __init__(self, items: Items, format_: Format, options: dict[str, Any]) -> None:
        if is_tree(items):
            raise TypeError(
                f"{type(self).__qualname__}: expected an iterable of items, async or not, got "
                f"{type(items).__qualname__}; tailrace.django.stream takes a tree"
            )
        self._end = self._ends()
        self._items = streamed = _streamed(_items_of(items), format_, self._end)
        if type(self).stream is not _Response.stream:
            streamed = _streamed(self.stream(), _Pieces(self.make_bytes))
        super().__init__(streamed, streamed.plan(_ANY), None, **options)
        # Without it nginx collects a body before it passes it on.
        self.headers.setdefault("X-Accel-Buffering", "no")

    async def stream(self) -> AsyncIterator[str]:
        """The body as text, piece by piece, for who sends it by other means; a subclass may make another of it.

        Raises what the items raised.
        """
        body = Pulled(self._items, self._items.plan(_ANY), Surroundings(), self._end.failure)
        try:
            async for run in body:
                if run:
                    yield run.decode()
        finally:
            await body.aclose()


def _items_of(given: Any) -> Any:
    """What was given; the rows of a queryset as an async iterable.

    That one sees what a test's transaction holds: these responses do not know their request, which would tell of it.
    """
    rows = rows_of(given)
    return aiter(rows) if isinstance(rows, Rows) else rows


def _streamed(
    items: Any, format_: Format, on_finish: Callable[[Outcome], None] | None = None
) -> Streamed[Any]:
    """Items in that format, whose status waits for none of them: the `[` of a list is there at once."""
    delivery = replace(defaults()["delivery"], commit_after=0.0)
    return made(
        items,
        200,
        None,
        None,
        {"formats": [format_], "encoder": None, "delivery": delivery, "on_finish": on_finish},
    )


class StreamingJSONListResponse(_Response):
    """One JSON array, an element at a time, without white space between them.

    Its `[` goes out before the first item is there. Where the items fail, what came is closed with `]` all the same:
    the array can be parsed, and does not say that some are missing; the log does, and the transfer is aborted.
    `tailrace.django.stream` leaves such an array open.

    `encoder` is a `json.JSONEncoder` class, or whatever gives an object with `encode`; it is called once for each
    response. `kwargs` are `StreamingHttpResponse`'s: `content_type`, `status`, `reason`, `charset`, `headers`.
    """

    _ends = _EndOfList

    def __init__(self, async_iterable: Items, *, encoder: MakeEncoder | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("content_type", "application/json")
        super().__init__(async_iterable, List(encoder), kwargs)


class NDJSONResponse(_Response):
    """One JSON text and LF for each item.

    Where the items fail, the last line is one that no parser takes, and has no end. `encoder` and `kwargs` are those
    of `StreamingJSONListResponse`.
    """

    def __init__(self, async_iterable: Items, *, encoder: MakeEncoder | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("content_type", "application/x-ndjson")
        super().__init__(async_iterable, Lines(encoder), kwargs)


class SSEResponse(_Response):
    """Server-sent events: a string is the data of one, a dict may have `data`, `event`, `id` and `retry`.

    Where the items fail, the last event has no end. To go on behind `Last-Event-ID` is the application's. `kwargs`
    are those of `StreamingJSONListResponse`.
    """

    def __init__(self, async_iterable: Items, **kwargs: Any) -> None:
        kwargs.setdefault("content_type", "text/event-stream")
        super().__init__(async_iterable, Events(), kwargs)
        self["Cache-Control"] = "no-cache"
        self["X-Accel-Buffering"] = "no"


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What a subclass's `stream` gives: pieces of the body, as Django takes them."""

    make_bytes: Callable[[Any], bytes]
    name: ClassVar[str] = "pieces"

    @property
    def media_types(self) -> tuple[str, ...]:
        return ("application/octet-stream",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        del encoder
        return Encoder(self.make_bytes)

    def decoder(self, limits: Limits = Limits(), /) -> Decoder[Any]:
        return Bytes().decoder(limits)
