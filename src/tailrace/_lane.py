"""A sync iterable in a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import CancelledError, Future
from time import perf_counter  # a thread's own time, which a loop that jumps leaves alone
from typing import TYPE_CHECKING, Any, Final

from anyio.lowlevel import RunVar

from tailrace._json import NotPlain, unwritable
from tailrace._sink import FIRST, Sink
from tailrace._threads import enter, leave
from tailrace.formats import encode_special

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tailrace.formats import Encoder

_MOST_THREADS: Final = 1000
_PACE: Final = 0.001
"""Seconds that items may wait for others behind them, where those before them came as quickly."""

_threads: RunVar[asyncio.Semaphore] = RunVar("tailrace_threads")


class Lane:
    """A sync iterable in a thread: its items are visible at once, only the wake-ups are coalesced.

    The thread is the source's own and ends with it; a loop runs at most 1,000 of them, more wait.
    """

    def __init__(self, content: Iterable[Any], sink: Sink) -> None:
        self._content = content
        self._sink = sink
        self._frames: list[bytes] = []
        self._absorbed = 0  # bytes and frames
        self._ahead = FIRST  # bytes that the thread may be ahead of those
        self._question: _Question | None = None
        self._room = threading.Event()
        self._stop = False
        self._over = False
        self._error: Exception | None = None
        self._called = False
        self._paced = False
        self._looked = 0.0
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        threads = _threads_of_this_loop()
        try:
            await threads.acquire()
        except asyncio.CancelledError:
            self._discard()
            raise
        try:
            self._start()
            await self._absorb_all()
        finally:
            try:
                await self._thread_ended()
            finally:
                threads.release()
        if self._error is not None:
            raise self._error

    async def _thread_ended(self) -> None:
        self._stop = True
        self._room.set()
        while not self._over:
            if self._question is not None:
                self._question.answer.cancel()
            await self._ready.wait()
            self._ready.clear()

    def _start(self) -> None:
        context = contextvars.copy_context()
        target, name = context.run, "tailrace-source"
        try:
            threading.Thread(target=target, args=(self._thread,), name=name, daemon=True).start()
        except RuntimeError:  # the system has no thread left
            self._over = True
            self._discard()
            raise

    async def _absorb_all(self) -> None:
        while True:
            if self._paced and not self._ready.is_set():
                timer = self._loop.call_later(_PACE, self._ready.set)
                await self._ready.wait()
                timer.cancel()
            self._paced = False
            # All three before the look at the frames: the thread calls again for what comes later.
            self._ready.clear()
            self._called = False
            over = self._over
            if self._frames:
                self._absorb()
                if self._sink.count() >= self._sink.high:
                    await self._sink.room()
            elif self._question is not None:
                self._sink.join()
                question, self._question = self._question, None
                question.ask(self._sink.encoder)
            elif over:
                return
            else:
                await self._ready.wait()

    def _discard(self) -> None:
        if hasattr(self._content, "__next__"):  # else it is not ours
            _close(self._content)

    def _absorb(self) -> None:
        sink = self._sink
        frames = self._frames[:]
        del self._frames[: len(frames)]  # the thread may have appended to it meanwhile
        sink.frames += frames
        self._absorbed += sum(map(len, frames)) + len(frames)
        self._ahead = max(sink.high, FIRST)  # not far ahead before anything was taken
        # To call may cost the thread the GIL, with one item made: one that is quick calls when it has made many.
        before, self._looked = self._looked, perf_counter()
        if self._looked - before < _PACE:
            self._called = self._paced = True
        self._room.set()

    # What follows runs in the thread.

    def _thread(self) -> None:
        try:
            self._iterate()
        except Exception as error:  # noqa: BLE001 - it is raised in the loop
            self._error = error
        except BaseException as error:  # noqa: BLE001 - it may end this thread, and nothing else
            self._error = RuntimeError(f"the source raised {type(error).__name__}")
            self._error.__cause__ = error
        finally:
            self._over = True
            self._call()

    def _call(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the loop was closed while a `next()` was blocked
            self._stop = True

    def _iterate(self) -> None:
        try:
            enter()
            iterator = iter(self._content)
            try:
                self._encode_all(iterator)
            finally:
                _close(iterator)
        finally:
            leave()

    def _encode_all(self, iterator: Iterable[Any]) -> None:
        encoder, append = self._sink.encoder, self._frames.append
        encode, produced, limit = encoder.encode, 0, FIRST
        for record, item in enumerate(iterator):
            if self._stop:
                return
            try:
                frame = encode(item)
            except NotPlain:
                if encoder.says_nothing(item):
                    continue
                special = self._encode_special(item, record)
                if special is None:
                    return
                frame, encode = special, encoder.encode
            except Exception as error:
                raise unwritable(error, encode, item, record) from error
            produced += len(frame) + 1
            append(frame)
            if not self._called:
                self._called = True
                self._call()
            if produced >= limit:
                limit = self._found_room(produced)
                if not limit:
                    return

    def _encode_special(self, item: Any, record: int) -> bytes | None:
        """The item's frame; None where the source is to stop."""
        # The encoder changes only where the frames before are joined: in the loop, while this thread waits.
        question = self._question = _Question(item, record)
        self._call()
        if self._stop:
            return None
        try:
            return question.answer.result()
        except CancelledError:
            return None

    def _found_room(self, produced: int) -> int:
        """Wait until what was produced is taken, and say how much may be; 0 where the source is to stop."""
        while not self._stop:
            self._room.clear()
            limit = self._absorbed + self._ahead
            if produced < limit:
                return limit
            if not self._stop:
                self._call()
                self._room.wait()
        return 0


def _close(iterable: object) -> None:
    close = getattr(iterable, "close", None)
    if close is not None:
        close()


class _Question:
    """What the thread asks the loop: the frame of an item that is not plain."""

    def __init__(self, item: Any, record: int) -> None:
        self._item = item
        self._record = record
        self.answer: Future[bytes] = Future()

    def ask(self, encoder: Encoder) -> None:
        try:
            self.answer.set_result(encode_special(encoder, self._item, self._record))
        except Exception as error:  # noqa: BLE001 - it is raised in the thread
            self.answer.set_exception(error)


def _threads_of_this_loop() -> asyncio.Semaphore:
    try:
        return _threads.get()
    except LookupError:
        semaphore = asyncio.Semaphore(_MOST_THREADS)
        _threads.set(semaphore)
        return semaphore
