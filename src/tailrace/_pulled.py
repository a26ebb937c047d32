"""A stream that a framework iterates over in its own loop, as Django does."""

from __future__ import annotations

import asyncio
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from tailrace._streamed import READING_TIME
from tailrace._taking import Surroundings, Taken

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._closing: asyncio.Task[None] | None = None

    async def begin(self) -> Whole | None:
        """Start the source: what is answered in place of the stream, None where it goes out.

        Raises what the source raised before its first item, if the framework is to answer that.
        """
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        if task is not None:
            task.add_done_callback(partial(_let_go_of, weakref.ref(self)))
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
            raise StopAsyncIteration
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
            if not taken.sound:
                await asyncio.sleep(READING_TIME)
            await self.aclose()
            raise StopAsyncIteration if taken.sound else self._end()
        run: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        taken.ask(lambda bytes_: None if run.done() else run.set_result(bytes_))
        return await run

    async def aclose(self) -> None:
        """Stop the source and wait for its cleanup, up to the deadline."""
        if not self._closed:
            self._closed = True
            await (self._taken or Taken(self._streamed, self._plan, self._surroundings)).aclose()
            if self._surroundings.let_go and self._unfinished is not None:
                self._surroundings.let_go.uncancel()
                raise self._unfinished()

    def close(self) -> None:
        """The same from another thread; from within the loop it does not wait."""
        loop = self._loop
        if self._closed or loop is None or loop.is_closed():
            return
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is loop:
            self._closing = loop.create_task(self.aclose())
        elif here is None and loop.is_running():
            asyncio.run_coroutine_threadsafe(self.aclose(), loop).result()

    @property
    def untouched(self) -> bool:
        """Whether nobody has asked for it: then there is no loop to close it in."""
        return self._loop is None and not self._closed

    def __del__(self) -> None:
        # A response that was dropped on its way out, as by a middleware that raised.
        loop, taken = self._loop, self._taken
        if loop is not None and taken is not None and not self._closed and loop.is_running():
            loop.call_soon_threadsafe(lambda: loop.create_task(taken.aclose()))

    def _end(self) -> BaseException:
        return StopAsyncIteration() if self._unfinished is None else self._unfinished()


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
