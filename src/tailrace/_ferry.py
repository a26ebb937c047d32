"""A stream in an event loop of its own thread, for a server that has none: WSGI (PEP 3333)."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from concurrent.futures import Future
from errno import EPIPE
from queue import SimpleQueue
from time import sleep
from typing import TYPE_CHECKING, Any, Final

from tailrace import _taking
from tailrace._finish import kept
from tailrace._problem import log
from tailrace._streamed import READING_TIME
from tailrace._taking import Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from tailrace._headers import RawHeaders
    from tailrace._streamed import Plan, Streamed, Whole

_loops: Final[dict[int, asyncio.AbstractEventLoop]] = {}
"""The one of each process: what a fork has inherited has no thread."""


def process_loop() -> asyncio.AbstractEventLoop:
    """The event loop, in a thread of its own, that all WSGI streams of this process share."""
    process = os.getpid()
    loop = _loops.get(process)
    if loop is None:
        fresh = asyncio.new_event_loop()
        try:
            threading.Thread(target=_run_for_ever, args=(fresh,), name="tailrace-loop", daemon=True).start()
        except RuntimeError:  # the system has no thread left
            fresh.close()
            raise
        loop = _loops.setdefault(process, fresh)
        if loop is not fresh:  # another thread was faster
            fresh.call_soon_threadsafe(fresh.stop)
    return loop


def _run_for_ever(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except BaseException:  # noqa: BLE001 - SystemExit, of one source: the loop is all streams'
            log.exception("a source has tried to end the process")
        else:
            loop.close()
            return


def process_loop_if_any() -> asyncio.AbstractEventLoop | None:
    """The same, unless nothing has needed it so far."""
    return _loops.get(os.getpid())


class Unfinished(BrokenPipeError):
    """Ends the transfer of a failed body, which a server that saw the iterator end would take for complete.

    Of all errors this is the one that WSGI servers take for a client that has left: they close the connection and
    log no traceback. The log of tailrace has the error itself.
    """

    def __init__(self) -> None:
        super().__init__(EPIPE, "the stream has failed, and its transfer ends unfinished")


class Surroundings(_taking.Surroundings):
    """What a framework and a server add to a stream in the process's loop."""

    aborts: bool = True
    """Whether the server ends the transfer unfinished where the body's iterator raises."""

    def around(self) -> AbstractAsyncContextManager[Any]:
        """Entered by the task that the stream lives in, and left when its source is closed."""
        return contextlib.nullcontext()


class Ferry:
    """The body of a response, as WSGI iterates over it, in one thread at a time.

    `begin` starts the source, and waits until the response is decided; iterating does so too. `close` stops it.
    """

    _begun = _closed = False

    def __init__(self, streamed: Streamed[Any], plan: Plan, surroundings: Surroundings) -> None:
        self._crossing = _Crossing(streamed, plan, surroundings)

    def begin(self) -> Whole | None:
        """Start the source: what is answered in place of the stream, None where it goes out.

        Raises what the source raised before its first item, if the framework is to answer that.
        """
        self._begun = True
        try:
            return self._crossing.start().result()
        except BaseException:
            self.close()
            raise

    def length(self) -> RawHeaders:
        """Content-Length, where the whole body is there."""
        return self._crossing.length

    def __iter__(self) -> Ferry:
        return self

    def __next__(self) -> bytes:
        crossing = self._crossing
        if not self._begun and not self._closed and self.begin() is not None:
            self.close()  # whoever has sent the headers already did not want to know
            raise Unfinished
        if not (self._closed or crossing.exhausted):
            return crossing.next_run()
        error = crossing.error
        if not (self._closed or crossing.whole):
            sleep(READING_TIME)
        self.close()
        if crossing.whole or not crossing.aborts:
            raise StopIteration
        raise Unfinished from error

    def close(self) -> None:
        """Stop the source and wait for its cleanup, up to the deadline."""
        if not self._closed:
            self._closed = True
            self._crossing.end(begun=self._begun, wait=True)

    def __del__(self) -> None:
        # A response that was dropped on its way out, as by a middleware that raised.
        if self._begun and not self._closed:
            self._crossing.end(begun=True, wait=False)


class _Crossing:
    """The loop's side of it."""

    def __init__(self, streamed: Streamed[Any], plan: Plan, surroundings: Surroundings) -> None:
        self._streamed = streamed
        self._plan = plan
        self._surroundings = surroundings
        self.aborts = surroundings.aborts
        self._loop = process_loop()
        self._decided: Future[Whole | None] = Future()
        self._ended: Future[None] = Future()
        self._runs: SimpleQueue[bytes] = SimpleQueue()
        self._asked = False
        self._over = asyncio.Event()
        self._taken: Taken | None = None

    # What follows is called from outside of the loop.

    def start(self) -> Future[Whole | None]:
        _check_outside()
        self._spawn(self._live())
        return self._decided

    @property
    def exhausted(self) -> bool:
        return self._ended.done() or (self._asked and self._taken is not None and self._taken.exhausted)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing: there was to be no body, or it has ended as a good one does."""
        return self._plan.instead is not None or (self._taken is not None and self._taken.sound)

    @property
    def error(self) -> BaseException | None:
        return None if self._taken is None else self._taken.error

    @property
    def length(self) -> RawHeaders:
        return [] if self._taken is None else self._taken.length

    def next_run(self) -> bytes:
        if self._asked:
            self._loop.call_soon_threadsafe(self._ask)
        self._asked = True
        return self._runs.get()

    def end(self, *, begun: bool, wait: bool) -> None:
        if self._loop is not process_loop_if_any():  # inherited by a fork: it goes on where it was begun
            return
        if not begun:
            self._spawn(self._drop())
        self._loop.call_soon_threadsafe(self._over.set)
        if wait and not _inside():
            self._ended.result()

    def _spawn(self, life: Coroutine[Any, Any, None]) -> None:
        def spawn() -> None:
            kept(self._loop.create_task(self._watched(life)))

        # The source is run in the context that it was made in, and what surrounds it too.
        self._loop.call_soon_threadsafe(spawn, context=self._streamed.context())

    # And this within it.

    async def _watched(self, life: Coroutine[Any, Any, None]) -> None:
        try:
            await life
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for, or nowhere
            if self._decided.done():
                log.exception("a stream was not to be ended like this")
            else:
                self._decided.set_exception(_one_that_ends_nothing(error))
        finally:
            self._end()

    async def _live(self) -> None:
        async with self._surroundings.around():
            taken = self._taken = self._take()
            try:
                instead = await taken.begin()
                if instead is None:
                    self._runs.put(taken.first())
                self._decided.set_result(instead)
                await self._over.wait()
            finally:
                await taken.aclose()
                self._end()  # before what is around it: nobody waits for that

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
            self._runs.put(b"")  # for who waits for one that does not come any more

    async def _drop(self) -> None:
        """Close what was never started."""
        await self._take().aclose()

    def _take(self) -> Taken:
        return Taken(self._streamed, self._plan, self._surroundings, contextvars.copy_context())

    def _ask(self) -> None:
        if self._taken is not None:
            self._taken.ask(self._runs.put)


def _one_that_ends_nothing(error: BaseException) -> Exception:
    if isinstance(error, Exception):
        return error
    instead = RuntimeError(f"the stream was ended by {type(error).__name__}")
    instead.__cause__ = error
    return instead


def in_a_loop() -> bool:
    """Whether an event loop runs in this thread."""
    return asyncio._get_running_loop() is not None  # noqa: SLF001 - documented, for such as this


def _inside() -> bool:
    """Whether this is called in the loop, which would wait for itself."""
    return in_a_loop() and asyncio.get_running_loop() is process_loop_if_any()


def _check_outside() -> None:
    if _inside():
        raise RuntimeError(
            "a WSGI stream was asked for within another's async source: both have one event loop; "
            "ask for it in a thread, as by asyncio.to_thread"
        )


def run(call: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function in the process's loop, and wait for it."""
    _check_outside()
    asyncio.run_coroutine_threadsafe(call(), process_loop()).result()
