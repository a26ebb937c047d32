"""Sources, each with the manners of some real one. The items are small dicts; nothing here knows tailrace."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException

from .record import HELD, Run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

SOME: Final = 3
MANY: Final = 20_000
FAR: Final = 8_000
"""More than one send holds."""
SIZE: Final = len(b'{"n":0}\n')

who: ContextVar[str] = ContextVar("who", default="nobody")


@contextlib.asynccontextmanager
async def recorded(run: Run) -> AsyncIterator[None]:
    """Counts the start and the close, with an `await` in between that must not be cut off."""
    run.started += 1
    try:
        yield
    finally:
        run.closing += 1
        await asyncio.sleep(0.02)
        run.closed += 1


@contextlib.contextmanager
def recorded_sync(run: Run) -> Iterator[None]:
    """The same in a thread."""
    run.started += 1
    home = threading.get_ident()
    try:
        yield
    finally:
        run.closing += 1
        run.astray += threading.get_ident() != home
        run.closed += 1


async def some(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(SOME):
            run.items += 1
            yield {"n": n}


def some_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        for n in range(SOME):
            run.items += 1
            yield {"n": n}


async def failing(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(SOME):
            yield {"n": n}
        raise RuntimeError("secret in the exception")


def failing_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        for n in range(SOME):
            yield {"n": n}
        raise RuntimeError("secret in the exception")


async def failing_later(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(SOME):
            yield {"n": n}
            await asyncio.sleep(0.02)
        raise RuntimeError("secret in the exception")


async def failing_soon(run: Run) -> AsyncIterator[Any]:
    """The error in the very moment of the item, without a turn of the loop in between."""
    run.started += 1
    yield {"n": 0}
    raise RuntimeError("secret in the exception")


async def failing_far(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(FAR):
            yield {"n": n}
        raise RuntimeError("secret in the exception")


async def failing_first(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        raise RuntimeError("secret in the exception")
        yield


def failing_first_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        raise RuntimeError("secret in the exception")
        yield


async def missing(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        raise HTTPException(404, "no such thing", headers={"x-handler": "the framework's"})
        yield


async def unwritable_first(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        yield {"deep": [{"inside": object()}]}


async def unwritable_later(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(SOME):
            yield {"n": n}
        yield {"deep": [{"inside": object()}]}


async def surrogate_first(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        yield {"text": "\ud800"}


async def surrogate_later(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(SOME):
            yield {"n": n}
        yield {"text": "\ud800"}


async def hot(run: Run) -> AsyncIterator[Any]:
    """Never suspends, never ends."""
    async with recorded(run):
        while True:
            run.bytes += SIZE
            yield {"n": 0}


def hot_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        while True:
            run.bytes += SIZE
            yield {"n": 0}


async def idle(run: Run) -> AsyncIterator[Any]:
    """One item, then nothing ever again."""
    async with recorded(run):
        yield {"n": 0}
        await asyncio.Event().wait()


def sleepy_sync(run: Run) -> Iterator[Any]:
    """An item now and then, from a thread that sleeps in between."""
    with recorded_sync(run):
        while True:
            run.items += 1
            yield {"n": run.items}
            time.sleep(0.1)


async def silent(run: Run) -> AsyncIterator[Any]:
    """Nothing ever."""
    async with recorded(run):
        await asyncio.Event().wait()
        yield


async def ticks(run: Run) -> AsyncIterator[Any]:
    """Lone items after a pause, each with the moment it was made."""
    async with recorded(run):
        for _ in range(12):
            await asyncio.sleep(0.01)
            yield {"t": time.monotonic()}


def ticks_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        for _ in range(12):
            time.sleep(0.01)
            yield {"t": time.monotonic()}


async def many(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(MANY):
            yield {"n": n}


async def many_stepping(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in range(MANY):
            yield {"n": n}
            await asyncio.sleep(0)


async def busy(run: Run) -> AsyncIterator[Any]:
    """Items without end, and a turn of the loop after each."""
    async with recorded(run):
        while True:
            yield {"n": 0}
            await asyncio.sleep(0)


def many_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        for n in range(MANY):
            yield {"n": n}


async def seen(run: Run) -> AsyncIterator[Any]:
    """What a context variable of the handler says in here."""
    async with recorded(run):
        yield {"who": who.get()}
        await asyncio.sleep(0)
        yield {"who": who.get()}


def seen_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        yield {"who": who.get()}
        yield {"who": who.get()}


async def flood(run: Run) -> AsyncIterator[Any]:
    """Suspends between items, so that any server gets its turns; big items, so that buffers fill."""
    async with recorded(run):
        item = {"pad": "x" * 60_000}
        while True:
            run.bytes += 60_000
            yield item
            await asyncio.sleep(0.001)


SOURCES: Final[dict[str, Callable[[Run], Any]]] = {
    made.__name__: made
    for made in (
        some, some_sync,
        failing, failing_sync, failing_later, failing_soon, failing_far, failing_first, failing_first_sync, missing,
        unwritable_first, unwritable_later, surrogate_first, surrogate_later,
        hot, hot_sync, idle, sleepy_sync, silent, ticks, ticks_sync,
        many, many_stepping, many_sync, busy, seen, seen_sync, flood,
    )
}  # fmt: skip


def source(name: str, run: Run) -> Any:
    """A source by its name, held so that only a `close()` closes it."""
    made = SOURCES[name](run)
    HELD.append(made)
    return made
