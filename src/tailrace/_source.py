"""Where items come from: an async iterable in the event loop, a sync one in a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections import deque
from collections.abc import AsyncIterable, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Any, Final, Protocol

from anyio.lowlevel import RunVar

from tailrace._errors import EncodeError
from tailrace._json import NotPlain, unwritable
from tailrace.formats import encode_special

if TYPE_CHECKING:
    from tailrace.formats import Encoder

HIGH: Final = 64 * 1024
"""Bytes that a source may be ahead of what was taken before it waits."""

_TURN: Final = 0.005
"""Seconds that a source may keep the event loop without a pause."""

_BRISK: Final = 0.0005
_LONGEST_RUN: Final = 64
"""Items between two looks at the clock, while they come within `_BRISK` seconds."""

_MOST_THREADS: Final = 1000
_threads: RunVar[asyncio.Semaphore] = RunVar("tailrace_threads")


class Sink(Protocol):
    """What a source encodes into; its owner takes the frames out of the list."""

    encoder: Encoder
    frames: list[bytes]
    items: int
    high: int
    """The bytes in `frames` from which on `room` must be awaited; 0 once the source is to stop."""

    def arrived(self) -> None:
        """The first frame is in the list, or more than `high` bytes."""

    async def room(self) -> None:
        """Wait until the frames were taken; raises `asyncio.CancelledError` if the source is to stop."""

    def join(self) -> None:
        """Take the frames out of the list, for the encoder is about to change."""


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
    """Encode all items of `content` into `sink`, then close it."""
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
            if idle := not frames:
                size = counted = 0
            append(frame)
            size += sum(map(len, frames[counted:]))
            counted, full = len(frames), size >= sink.high
            now = monotonic()
            spent, looked = now - looked, now
            run = min(run * 2, _LONGEST_RUN) if spent < _BRISK else 1
            next_look = items + min(run, (HIGH - size) // (len(frame) + 1))
            if idle or full:
                sink.items = items
                sink.arrived()
            if full:
                await sink.room()
            elif spent >= _TURN and not idle:  # what is idle was taken from since: the loop has turned
                await asyncio.sleep(0)
                looked = monotonic()
    finally:
        sink.items = items


class _Lane:
    """A sync iterable in a thread: its items are visible at once, only the wake-ups are coalesced.

    The thread is the source's own and ends with it; a loop runs at most 1,000 of them, more wait.
    """

    def __init__(self, content: Iterable[Any], sink: Sink) -> None:
        self._content = content
        self._sink = sink
        self._frames: deque[bytes] = deque()
        self._absorbed = 0  # bytes
        self._waiting = 0  # bytes in the sink
        self._question: _Question | None = None
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
                if self._question is not None:
                    self._question.answer.cancel()
                await self._ready.wait()
                self._ready.clear()
            threads.release()
            if self._error is not None:
                raise self._error

    async def _absorb_all(self) -> None:
        while True:
            # All three before the look at the frames: the thread calls again for what comes later.
            self._ready.clear()
            self._called = False
            over = self._over
            if self._frames:
                self._absorb()
                if self._waiting >= self._sink.high:
                    await self._sink.room()
            elif self._question is not None:
                self._sink.join()
                question, self._question = self._question, None
                question.ask(self._sink.encoder)
            elif over:
                return
            else:
                await self._ready.wait()

    def _absorb(self) -> None:
        sink, take = self._sink, self._frames.popleft
        if not sink.frames:
            self._waiting = 0
        frames = [take() for _ in range(len(self._frames))]
        size = sum(map(len, frames))
        sink.frames += frames
        sink.items += len(frames)
        sink.arrived()
        self._waiting += size
        self._absorbed += size
        self._room.set()

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
            self._encode_all(iterator)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    def _encode_all(self, iterator: Iterable[Any]) -> None:
        encoder, append = self._sink.encoder, self._frames.append
        encode, produced = encoder.encode, 0
        for record, item in enumerate(iterator):
            if self._stop:
                return
            try:
                frame = encode(item)
            except NotPlain:
                special = self._encode_special(item, record)
                if special is None:
                    continue
                frame, encode = special, encoder.encode
            except Exception as error:
                raise unwritable(error, encode, item, record) from error
            produced += len(frame)
            append(frame)
            if not self._called:
                self._called = True
                self._call()
            if produced - self._absorbed >= HIGH:
                self._wait_for_room(produced)

    def _encode_special(self, item: Any, record: int) -> bytes | None:
        # The encoder changes only where the frames before are joined: in the loop, while this thread waits.
        question = self._question = _Question(item, record)
        self._call()
        if self._stop:
            return None
        try:
            return question.answer.result()
        except CancelledError:
            return None

    def _wait_for_room(self, produced: int) -> None:
        while not self._stop:
            self._room.clear()
            if produced - self._absorbed < HIGH or self._stop:
                return
            self._room.wait()


class _Question:
    """What the thread asks the loop: the frame of an item that is not plain."""

    def __init__(self, item: Any, record: int) -> None:
        self._item = item
        self._record = record
        self.answer: Future[bytes | None] = Future()

    def ask(self, encoder: Encoder) -> None:
        try:
            self.answer.set_result(encode_special(encoder, self._item, self._record))
        except EncodeError as error:
            self.answer.set_exception(error)


def _threads_of_this_loop() -> asyncio.Semaphore:
    try:
        return _threads.get()
    except LookupError:
        semaphore = asyncio.Semaphore(_MOST_THREADS)
        _threads.set(semaphore)
        return semaphore
