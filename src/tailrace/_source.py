"""Where items come from: an async iterable in the event loop, a sync one in a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections import deque
from collections.abc import AsyncIterable, Iterable, Mapping
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Any, Final, Protocol

from anyio.lowlevel import RunVar

from tailrace._json import NoItem, unwritable

if TYPE_CHECKING:
    from tailrace.formats import Encoder

HIGH: Final = 64 * 1024
"""Bytes that a source may be ahead of what was taken before it waits."""

_TURN: Final = 0.005
"""Seconds that a source may keep the event loop without a pause."""

_BRISK: Final = 0.0005
_LONGEST_RUN: Final = 16
"""Items between two looks at the clock, while they come within `_BRISK` seconds."""

_MOST_THREADS: Final = 1000
_threads: RunVar[asyncio.Semaphore] = RunVar("tailrace_threads")


class Sink(Protocol):
    """What a source writes into; its owner takes the bytes out of the buffer."""

    encoder: Encoder
    buffer: bytearray
    items: int
    high: int
    """The size of the buffer from which on `room` must be awaited; 0 once the source is to stop."""

    def arrived(self) -> None:
        """The first bytes are in the buffer, or more of them than `high`."""

    async def room(self) -> None:
        """Wait until the buffer was taken; raises `asyncio.CancelledError` if the source is to stop."""


def check_content(content: object) -> None:
    """Raise `TypeError` unless `content` is an iterable of items."""
    if isinstance(content, AsyncIterable):
        return
    if isinstance(content, Iterable) and not isinstance(content, str | bytes | bytearray | memoryview | Mapping):
        return
    hint = ""
    if inspect.iscoroutine(content):
        content.close()
        hint = " (a coroutine: await it, or write it with `yield`)"
    elif inspect.isasyncgenfunction(content) or inspect.isgeneratorfunction(content):
        hint = " (a function: call it)"
    elif isinstance(content, str | bytes | bytearray | memoryview | Mapping):
        hint = " (one value: put it into a list to send it as one item)"
    msg = f"expected an async or sync iterable of items, got {type(content).__qualname__}{hint}"
    raise TypeError(msg)


async def pull(content: Iterable[Any] | AsyncIterable[Any], sink: Sink) -> None:
    """Write all items of `content` into `sink`, then close it."""
    if isinstance(content, AsyncIterable):
        await _pull_async(content, sink)
    else:
        await _Lane(content, sink).run()


async def discard(content: object) -> None:
    """Close an iterable that will not be read."""
    if isinstance(content, AsyncIterable):
        close = getattr(content, "aclose", None)
        if close is not None:
            await close()
    else:
        close = getattr(content, "close", None)
        if close is not None:
            close()


async def _pull_async(content: AsyncIterable[Any], sink: Sink) -> None:
    iterator = aiter(content)
    try:
        await _write_all(iterator, sink)
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


async def _write_all(iterator: AsyncIterable[Any], sink: Sink) -> None:
    """The hot loop: every name in it is local, and it calls no Python function for an item."""
    encoder, buffer = sink.encoder, sink.buffer
    write, tail = encoder.write, encoder.tail
    lead = b""
    items = silent = 0
    run = until_look = 1
    looked = monotonic()
    try:
        async for item in iterator:
            before = len(buffer)
            try:
                buffer += lead
                write(item, buffer, -1)
            except NoItem:
                del buffer[before:]
                silent += 1
                continue
            except Exception as error:
                del buffer[before:]
                raise unwritable(error, write, item, items + silent) from error
            buffer += tail
            lead = encoder.lead
            items += 1
            if not before or len(buffer) >= sink.high:
                sink.items = items
                sink.arrived()
                if len(buffer) >= sink.high:
                    await sink.room()
            until_look -= 1
            if not until_look:
                now = monotonic()
                brisk = now - looked < _BRISK
                if now - looked >= _TURN:
                    await asyncio.sleep(0)
                    now = monotonic()
                run = min(run * 2, _LONGEST_RUN) if brisk else 1
                until_look, looked = run, now
    finally:
        sink.items = items


class _Lane:
    """A sync iterable in a thread: its items are visible at once, only the wake-ups are coalesced.

    The thread is the source's own and ends with it; a loop runs at most 1,000 of them, more wait.
    """

    def __init__(self, content: Iterable[Any], sink: Sink) -> None:
        self._content = content
        self._sink = sink
        self._pieces: deque[bytearray] = deque()
        self._produced = 0  # bytes, counted by the thread
        self._absorbed = 0  # bytes, counted by the loop
        self._room = threading.Event()
        self._stop = False
        self._over = False
        self._error: Exception | None = None
        self._called = False
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        async with _semaphore():
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(self._thread,), name="tailrace-source", daemon=True).start()
            try:
                await self._absorb_all()
            finally:
                self._stop = True
                self._room.set()
                while not self._over:
                    await self._ready.wait()
                    self._ready.clear()
                if self._error is not None:
                    raise self._error

    async def _absorb_all(self) -> None:
        while True:
            # Both before the look at the pieces: the thread calls again for one that comes later.
            self._ready.clear()
            self._called = False
            over = self._over
            while self._pieces:
                await self._absorb()
            if over:
                return
            await self._ready.wait()

    async def _absorb(self) -> None:
        sink, pieces = self._sink, self._pieces
        while pieces and len(sink.buffer) < sink.high:
            piece = pieces.popleft()
            self._absorbed += len(piece)
            sink.buffer += piece
            sink.items += 1
        sink.arrived()
        self._room.set()
        if len(sink.buffer) >= sink.high:
            await sink.room()

    # What follows runs in the thread.

    def _thread(self) -> None:
        try:
            self._iterate()
        except Exception as error:  # noqa: BLE001 - it is raised in the loop
            self._error = error
        self._over = True
        self._call()

    def _call(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the loop was closed while a `next()` was blocked
            self._stop = True

    def _iterate(self) -> None:
        iterator = iter(self._content)
        try:
            for record, item in enumerate(iterator):
                if self._stop:
                    return
                self._write(item, record)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    def _write(self, item: Any, record: int) -> None:
        encoder = self._sink.encoder
        piece = bytearray(encoder.lead if self._produced else b"")
        try:
            encoder.write(item, piece, -1)
        except NoItem:
            return
        except Exception as error:
            raise unwritable(error, encoder.write, item, record) from error
        piece += encoder.tail
        self._produced += len(piece)
        self._pieces.append(piece)
        if not self._called:
            self._called = True
            self._call()
        while self._produced - self._absorbed >= HIGH and not self._stop:
            self._room.clear()
            if self._produced - self._absorbed >= HIGH and not self._stop:
                self._room.wait()


def _semaphore() -> asyncio.Semaphore:
    try:
        return _threads.get()
    except LookupError:
        semaphore = asyncio.Semaphore(_MOST_THREADS)
        _threads.set(semaphore)
        return semaphore
