"""A stream that a framework iterates over in its own loop, as Django does."""

from __future__ import annotations

import asyncio
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from tailrace._finish import kept
from tailrace._streamed import READING_TIME
from tailrace._taking import Surroundings, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tailrace._headers import RawHeaders
    from tailrace._streamed import Plan, Streamed, Whole


class Pulled:
    """The body of a response as an async iterator, in one task at a time.

    An object and no async generator: whoever has left it half read can close it, from within the loop (`aclose`) and
    from another thread (`close`). `unfinished` makes what ends the transfer of a failed body; None: nothing does.
    """

    def __init__(
        self,
        streamed: Streamed[Any],
        plan: Plan,
        surroundings: Surroundings,
        unfinished: Callable[[], BaseException] | None,
    ) -> None:
        self._streamed = streamed
        self._plan = plan
        self._surroundings = _InTask(surroundings)
        self._unfinished = unfinished
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taken: Taken | None = None
        self._started = self._closed = False
        self._run: asyncio.Future[bytes] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._let_go = partial(_let_go_of, weakref.ref(self))

    async def begin(self) -> Whole | None:
        """Start the source: what is answered in place of the stream, None where it goes out.

        Raises what the source raised before its first item, if the framework is to answer that.
        """
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        if self._task is not None:
            self._task.add_done_callback(self._let_go)
        self._taken = Taken(self._streamed, self._plan, self._surroundings)
        try:
            return await self._taken.begin()
        except BaseException:
            await self.aclose()
            raise

    def length(self) -> RawHeaders:
        """Content-Length, where the whole body is there."""
        return [] if self._taken is None else self._taken.length

    def __aiter__(self) -> Pulled:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise StopAsyncIteration if self._whole else self._end()
        if self._taken is None and await self.begin() is not None:
            # Whoever has sent the headers already did not want to know.
            await self.aclose()
            raise self._end()
        taken = self._taken
        assert taken is not None  # noqa: S101 - `begin` has made it
        self._surroundings.server = asyncio.current_task()
        if not self._started:
            self._started = True
            return taken.first()
        if taken.exhausted:
            error = taken.error
            if not taken.sound:
                await asyncio.sleep(READING_TIME)
            await self.aclose()
            if self._whole:
                raise StopAsyncIteration
            end = self._end()
            if end.__traceback__ is not None:  # it is the source's own error
                raise end
            raise end from error
        run: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._run = run
        taken.ask(partial(_settle, run))
        return await run

    async def aclose(self) -> None:
        """Stop the source and wait for its cleanup, up to the deadline."""
        if not self._closed:
            self._closed = True
            if self._run is not None:
                _settle(self._run, b"")  # who waits for it has not left
            if self._task is not None:
                self._task.remove_done_callback(self._let_go)
            await (self._taken or Taken(self._streamed, self._plan, self._surroundings)).aclose()
            let_go = self._surroundings.let_go
            if let_go is not None and let_go is asyncio.current_task() and self._unfinished is not None:
                let_go.uncancel()
                raise self._unfinished()

    def close(self) -> None:
        """The same from wherever; it does not wait, for the source's cleanup may need this very thread."""
        loop = self._loop
        if not (self._closed or loop is None or loop.is_closed()):
            loop.call_soon_threadsafe(_spawn, self.aclose)

    @property
    def _whole(self) -> bool:
        """Whether nothing is missing: there was to be no body, or it has ended as a good one does."""
        return self._plan.instead is not None or (self._taken is not None and self._taken.sound)

    @property
    def untouched(self) -> bool:
        """Whether nobody has asked for it: then there is no loop to close it in."""
        return self._loop is None and not self._closed

    def __del__(self) -> None:
        # A response that was dropped on its way out, as by a middleware that raised.
        loop, taken = self._loop, self._taken
        if loop is not None and taken is not None and not self._closed and loop.is_running():
            loop.call_soon_threadsafe(_spawn, taken.aclose)

    def _end(self) -> BaseException:
        return StopAsyncIteration() if self._unfinished is None else self._unfinished()


def _spawn(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    kept(asyncio.get_running_loop().create_task(close()))


def _settle(run: asyncio.Future[bytes], value: bytes) -> None:
    if not run.done():
        run.set_result(value)


def _let_go_of(body: weakref.ref[Pulled], task: asyncio.Task[Any]) -> None:
    """Close what nobody asks for any more: the task that has begun it was cancelled before the first byte."""
    left = body()
    if left is not None and task.cancelled():
        left.close()


class _InTask(Surroundings):
    """What a framework adds, and the task that its server asked in last."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.server: asyncio.Task[Any] | None = None
        self.let_go: asyncio.Task[Any] | None = None
        """The same, once it was cancelled here."""

    def is_frameworks(self, error: BaseException) -> bool:
        """As the framework says."""
        return self._surroundings.is_frameworks(error)

    def abort(self) -> None:
        """Cancel the send that waits."""
        if self.server is not None:
            self.let_go = self.server
            self.let_go.cancel()
