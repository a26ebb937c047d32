"""Where items come from: an async iterable in the event loop, a sync one in a thread of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Coroutine, Iterable, Mapping
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import Any, Final

from tailrace._json import NotPlain, unwritable
from tailrace._lane import Lane
from tailrace._sink import HIGH, Sink
from tailrace.formats import encode_special

_TURN: Final = 0.005
"""Seconds that a source may keep the event loop without a pause."""

_BRISK: Final = 0.0005
_LONGEST_RUN: Final = 64
"""Items between two looks at the clock, while they come within `_BRISK` seconds."""


def check_content(content: Any) -> None:
    """Raise `TypeError` unless `content` is an iterable of items."""
    kind = type(content).__qualname__
    one_value = isinstance(content, str | bytes | bytearray | memoryview | Mapping)
    if isinstance(content, AsyncIterable | Iterable) and not one_value:
        return
    hint = ""
    if one_value:
        hint = " (one value: put it into a list to send it as one item)"
    elif inspect.iscoroutine(content):
        content.close()
        hint = " (a coroutine: await it, or write it with `yield`)"
    elif inspect.isasyncgenfunction(content) or inspect.isgeneratorfunction(content):
        hint = " (a function: call it)"
    raise TypeError(f"expected an async or sync iterable of items, got {kind}{hint}")


def pull(content: Iterable[Any] | AsyncIterable[Any], sink: Sink) -> Coroutine[Any, Any, None]:
    """Encode all items of `content` into `sink`, then close it."""
    return _pull(content, sink) if isinstance(content, AsyncIterable) else Lane(content, sink).run()


async def _pull(content: AsyncIterable[Any], sink: Sink) -> None:
    iterator = aiter(content)
    try:
        await _encode_all(iterator, sink)
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


async def _encode_all(iterator: AsyncIterable[Any], sink: Sink) -> None:
    """The hot loop: every name in it is local, and it calls no Python function for an item."""
    encoder, frames, append = sink.encoder, sink.frames, sink.frames.append
    encode = encoder.encode
    items, silent, size, counted, run, next_look, looked = 0, 0, 0, 0, 1, 0, monotonic()
    try:
        async for item in iterator:
            try:
                frame = encode(item)
            except NotPlain:
                sink.join()
                special = encode_special(encoder, item, items + silent)
                if special is None:
                    silent += 1
                    continue
                frame, encode, next_look = special, encoder.encode, 0
            except Exception as error:
                raise unwritable(error, encode, item, items + silent) from error
            items += 1
            if frames and items < next_look:
                append(frame)
                continue
            append(frame)
            if idle := len(frames) == 1:
                size = len(frame)
            else:
                size += sum(map(len, frames[counted:]))
            counted, full = len(frames), size >= sink.high
            now = monotonic()
            spent, looked = now - looked, now
            run = min(run * 2, _LONGEST_RUN) if spent < _BRISK else 1
            next_look = items + min(run, (HIGH - size) // (len(frame) + 1))
            sink.items = items
            if full:
                await sink.room()
            elif spent >= _TURN and not idle:  # what is idle was taken from since: the loop has turned
                await asyncio.sleep(0)
                looked = monotonic()
    finally:
        sink.items = items
