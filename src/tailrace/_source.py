"""Where items come from: an async iterable in the event loop, a sync one in a thread of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Awaitable, Coroutine, Iterable
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, cast

from tailrace._event import Event
from tailrace._filling.filling import Filling
from tailrace._holes import Document, is_tree
from tailrace._json import NotPlain, unwritable
from tailrace._lane import Lane
from tailrace.formats import encode_special

if TYPE_CHECKING:
    from msgspec import Struct

    from tailrace._sink import Sink
    from tailrace.formats import DocumentEncoder

_TURN: Final = 0.005
"""Seconds that a source may keep the event loop without a pause."""

_BRISK: Final = 0.0005
"""Seconds between two looks at the clock below which the next comes later."""

_LARGE: Final = 4096
"""Bytes of a frame from which on every item is looked at: a run of them must not outgrow the sink."""

_LONGEST_COUNT: Final = 128
"""Items between two counts of the bytes that wait."""

_ONE_VALUE: Final = (str, bytes, bytearray, memoryview, Event)

if TYPE_CHECKING:

    class _Dataclass(Protocol):
        __dataclass_fields__: ClassVar[dict[str, Any]]

    class _Attrs(Protocol):
        __attrs_attrs__: ClassVar[Any]

    Given = Iterable[Any] | AsyncIterable[Any] | Awaitable[Any] | Document | Struct | _Dataclass | _Attrs
    """What a stream may be made of."""

Content = Iterable[Any] | AsyncIterable[Any] | Document
"""What a stream is made of: items, or one document."""


def content_of(given: Any) -> Content:
    """Items, or the document that a tree is; raises `TypeError` for what is neither."""
    if isinstance(given, Document):
        return given
    if is_tree(given):
        return Document(given)
    kind, hint = type(given).__qualname__, _what_is_wrong(given)
    if hint or not isinstance(given, AsyncIterable | Iterable):
        raise TypeError(
            f"expected an iterable of items, async or not, or a tree such as a dict, got {kind}{hint}"
        )
    return given  # pyright: ignore[reportUnknownVariableType] - of anything


def _what_is_wrong(content: object) -> str:
    """A hint for what is often given instead of items; empty where nothing is known to be wrong."""
    if isinstance(content, _ONE_VALUE):
        return " (one value: put it into a list to send it as one item)"
    if inspect.isroutine(content):
        return " (a function: call it)"
    if _has_ended(content):
        return " (that has ended: make a new one for each response)"
    return ""


def _has_ended(content: object) -> bool:
    if inspect.isasyncgen(content):
        return content.ag_frame is None
    return inspect.isgenerator(content) and content.gi_frame is None


def pull(content: Content, sink: Sink) -> Coroutine[Any, Any, None]:
    """Encode all of `content` into `sink`, then close it."""
    if isinstance(content, Document):
        return Filling(content, sink, cast("DocumentEncoder", sink.encoder)).run()
    return _pull(content, sink) if isinstance(content, AsyncIterable) else Lane(content, sink).run()


async def _pull(content: AsyncIterable[Any], sink: Sink) -> None:
    """The hot loop: every name in it is local, and it calls no Python function for an item."""
    encoder, append = sink.encoder, sink.frames.append
    encode, longest_run = encoder.encode, encoder.longest_run
    record, run, next_look, next_count, looked, frame = 0, 1, 0, 0, monotonic(), b""
    iterator = aiter(content)
    try:
        async for item in iterator:
            try:
                frame = encode(item)
                append(frame)
            except NotPlain:
                next_look = 0
                if not encoder.says_nothing(item):
                    sink.join()
                    frame = encode_special(encoder, item, record)
                    append(frame)
                    encode = encoder.encode
            except Exception as error:
                raise unwritable(error, encode, item, record) from error
            record += 1
            if record < next_look:
                continue
            now, large = monotonic(), len(frame) >= _LARGE
            run = min(run * 2, longest_run) if now - looked < _BRISK and not large else 1
            next_look, looked = record + run, now
            if large or record >= next_count or not sink.high:
                next_count = record + await _bounded(sink)
            elif now - sink.resumed >= _TURN:
                await asyncio.sleep(0)
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


async def _bounded(sink: Sink) -> int:
    """Wait for room if there is none; the number of items until the next count, should they be like the last."""
    waiting = sink.count()
    size = waiting // (len(sink.frames) or 1) + 1
    if waiting >= sink.high:
        await sink.room()
        waiting = 0
    elif monotonic() - sink.resumed >= _TURN:
        await asyncio.sleep(0)
    return max(1, min(_LONGEST_COUNT, (sink.high - waiting) // size))
