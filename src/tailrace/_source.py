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

from tailrace._json import NotPlain, unwritable
from tailrace.formats import write_item

if TYPE_CHECKING:
    from tailrace.formats import Encoder

HIGH: Final = 64 * 1024
"""Bytes that a source may be ahead of what was taken before it waits."""

_TURN: Final = 0.005
"""Seconds that a source may keep the event loop without a pause."""

_BRISK: Final = 0.0005
_LONGEST_RUN: Final = 32
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


async def pull(content: Iterable[Any] | AsyncIterable[Any], sink: Sink) -> None:
    """Write all items of `content` into `sink`, then close it."""
    if isinstance(content, AsyncIterable):
        await _pull_async(content, sink)
    else:
        await _Lane(content, sink).run()


async def discard(content: Any) -> None:
    """Close an iterable that will not be read."""
    if hasattr(content, "aclose"):
        await content.aclose()
    elif hasattr(content, "close"):
        content.close()


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
    write, lead, tail = encoder.write, encoder.first, encoder.tail
    items, silent, run, look_at, looked = 0, 0, 1, 0, monotonic()
    try:
        async for item in iterator:
            before = len(buffer)
            try:
                if lead:
                    buffer += lead
                write(item, buffer, -1)
                buffer += tail
            except NotPlain:
                del buffer[before:]
                if not write_item(encoder, first=not items, item=item, record=items + silent, buffer=buffer):
                    silent += 1
                    continue
                write, tail, look_at = encoder.write, encoder.tail, 0
            except Exception as error:
                del buffer[before:]
                raise unwritable(error, write, item, items + silent) from error
            items += 1
            if 0 < before < look_at:
                continue
            sink.items, lead = items, encoder.lead
            now, spent = monotonic(), monotonic() - looked
            run = min(run * 2, _LONGEST_RUN) if spent < _BRISK else 1
            look_at = min(sink.high, len(buffer) + run * (len(buffer) - before))
            if not before or before >= sink.high:
                sink.arrived()
            if before >= sink.high:
                await sink.room()
            elif before and spent >= _TURN:  # an empty buffer was taken since: the loop has turned
                await asyncio.sleep(0)
                now = monotonic()
            looked = now
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
        self._absorbed = 0  # bytes
        self._room = threading.Event()
        self._stop = False
        self._over = False
        self._error: Exception | None = None
        self._called = False
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        threads = _threads_of_this_loop()
        try:
            await threads.acquire()
        except asyncio.CancelledError:
            await discard(self._content)
            raise
        context = contextvars.copy_context()
        target, name = context.run, "tailrace-source"
        threading.Thread(target=target, args=(self._thread,), name=name, daemon=True).start()
        try:
            await self._absorb_all()
        finally:
            self._stop = True
            self._room.set()
            while not self._over:
                await self._ready.wait()
                self._ready.clear()
            threads.release()
            if self._error is not None:
                raise self._error

    async def _absorb_all(self) -> None:
        sink, take = self._sink, self._pieces.popleft
        while True:
            # Both before the look at the pieces: the thread calls again for one that comes later.
            self._ready.clear()
            self._called = False
            over = self._over
            if ready := len(self._pieces):
                run = b"".join([take() for _ in range(ready)])
                sink.buffer += run
                sink.items += ready
                sink.arrived()
                self._absorbed += len(run)
                self._room.set()
                if len(sink.buffer) >= sink.high:
                    await sink.room()
            elif over:
                return
            else:
                await self._ready.wait()

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
            self._write_all(iterator)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    def _write_all(self, iterator: Iterable[Any]) -> None:
        encoder, append = self._sink.encoder, self._pieces.append
        write, lead, tail = encoder.write, encoder.first, encoder.tail
        items = produced = 0
        for record, item in enumerate(iterator):
            if self._stop:
                return
            piece = bytearray(lead)
            try:
                write(item, piece, -1)
                piece += tail
            except NotPlain:
                piece.clear()
                if not write_item(encoder, first=not items, item=item, record=record, buffer=piece):
                    continue
                write, tail = encoder.write, encoder.tail
            except Exception as error:
                raise unwritable(error, write, item, record) from error
            if not piece.isascii():
                piece[:] = encoder.seal(bytes(piece))
            items += 1
            lead = encoder.lead
            produced += len(piece)
            append(piece)
            if not self._called:
                self._called = True
                self._call()
            if produced - self._absorbed >= HIGH:
                self._wait_for_room(produced)

    def _wait_for_room(self, produced: int) -> None:
        while not self._stop:
            self._room.clear()
            if produced - self._absorbed < HIGH or self._stop:
                return
            self._room.wait()


def _threads_of_this_loop() -> asyncio.Semaphore:
    try:
        return _threads.get()
    except LookupError:
        semaphore = asyncio.Semaphore(_MOST_THREADS)
        _threads.set(semaphore)
        return semaphore
