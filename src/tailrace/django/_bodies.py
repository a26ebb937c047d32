"""The bodies of a response under WSGI, and in a test's transaction."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.core.exceptions import RequestAborted

from tailrace._ferry import Ferry, Unfinished
from tailrace._holes import Document
from tailrace._pulled import Pulled
from tailrace._threads import calling
from tailrace.django._asgiref import has_thread
from tailrace.django._connections import close_connections, release
from tailrace.wsgi import Connection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping

    from tailrace._headers import RawHeaders
    from tailrace._streamed import Plan, Streamed, Whole

_LONG: Final = 1.0
"""Seconds from which on a stream is a long one: it gives back persistent connections too."""


class Within(Connection):
    """What Django adds to a stream."""

    # Holds no response: one that is dropped is to be found by the garbage collector.

    def __init__(self, answers: tuple[type[Exception], ...], environ: Mapping[str, Any]) -> None:
        super().__init__(environ)
        self._answers = answers
        self.error: BaseException | None = None
        """What the source raised before its first item."""

    def is_frameworks(self, error: BaseException) -> bool:
        """Whether Django makes a response of it."""
        self.error = error
        return isinstance(error, self._answers)

    async def give_back(self) -> None:
        """Give back the connections of the request's own thread under ASGI, where it had one: nobody else gets them."""
        if has_thread():
            await sync_to_async(_release_all)()

    @contextlib.asynccontextmanager
    async def around(self) -> AsyncGenerator[None, None]:
        """A thread for what is sync in an async source, such as the ORM: each request has one under ASGI."""
        async with ThreadSensitiveContext():
            try:
                yield
            finally:
                if has_thread():
                    await sync_to_async(close_connections)()


class Left(RequestAborted, asyncio.CancelledError):
    """What Django takes for a client that has left, and returns: then the server ends the transfer unfinished.

    Until 6.0 that is a cancellation, since 6.1 an aborted request.
    """

    def __init__(self) -> None:
        super().__init__(
            "the stream has failed, and its transfer ends unfinished; the log of tailrace has the error"
        )


def _release_all() -> None:
    release(persistent=False)
    release(persistent=True)


class Polled(Pulled):
    """The body in the server's loop, which gives back what middleware has opened behind the view."""

    def __init__(self, streamed: Streamed[Any], plan: Plan, within: Within, *, aborts: bool) -> None:
        super().__init__(streamed, plan, within, Left if aborts else None)
        self._within = within
        self._asked = False

    async def __anext__(self) -> bytes:
        if not self._asked:
            self._asked = True
            await self._within.give_back()
        return await super().__anext__()


class Carried(Ferry):
    """The body in the process's loop, which gives back the connections of the server's thread.

    What middleware has opened behind the view at once, and persistent ones in time.
    """

    _since: float | None = None

    def __next__(self) -> bytes:
        if self._since is None:
            self._since = time.monotonic()
            release(persistent=False)
        elif self._since and time.monotonic() - self._since >= _LONG:
            self._since = 0.0
            release(persistent=True)
        return super().__next__()


class Collected:
    """The body made whole in this thread: what is in a test's transaction is seen by no other."""

    def __init__(self, streamed: Streamed[Any], plan: Plan, within: Within) -> None:
        self._body = Pulled(streamed, plan, within, Unfinished)
        self._runs: list[bytes] = []
        self._instead: Whole | None = None
        self._failed: Unfinished | None = None
        self._collected = False

    def begin(self) -> Whole | None:
        """Make it; what is answered instead."""
        if not self._collected:
            self._collected = True
            async_to_sync(self._collect)()
        return self._instead

    def length(self) -> RawHeaders:
        """Content-Length, where the whole body is one frame."""
        return self._body.length()

    def __iter__(self) -> Collected:
        return self

    def __next__(self) -> bytes:
        if self.begin() is not None:
            raise Unfinished
        if self._runs:
            return self._runs.pop(0)
        if self._failed is not None:
            raise self._failed
        raise StopIteration

    def close(self) -> None:
        """Nothing is under way."""
        self._runs.clear()
        if not self._collected:
            self._collected = True
            async_to_sync(self._body.aclose)()

    async def _collect(self) -> None:
        self._instead = await self._body.begin()
        try:
            if self._instead is None:
                async for run in self._body:
                    self._runs.append(run)
        except Unfinished as error:
            self._failed = error
        finally:
            await self._body.aclose()


Body: TypeAlias = Pulled | Carried | Collected


def in_this_thread(streamed: Streamed[Any]) -> Streamed[Any]:
    """The same whose sync source and deferred calls run where Django's sync code does, in no thread of their own."""
    if not isinstance(streamed.content, AsyncIterable | Document):
        streamed.content = _Hopping(streamed.content)
    streamed.within(calling.set, _call)
    return streamed


def _call(function: Callable[[], Any]) -> Awaitable[Any]:
    return sync_to_async(function)()


class _Hopping:
    """A sync iterable as an async one, an item at a time."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items

    async def __aiter__(self) -> AsyncIterator[Any]:
        iterator = await sync_to_async(iter)(self._items)

        def following() -> Any:
            return next(iterator, _END)

        try:
            while (item := await sync_to_async(following)()) is not _END:
                yield item
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                await sync_to_async(close)()


_END: Final = object()
