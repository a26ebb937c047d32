"""The sources that are Django's: its exceptions, its rows, and the TypeErrors that it takes for its own."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any, Final

from apps.record import HELD, Run
from apps.sources import SOURCES, recorded, recorded_sync
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404

from .models import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

PAUSE: Final = 0.25
"""Seconds between two items: longer than anything takes to bring the first one to its client."""


async def paced(run: Run) -> AsyncIterator[Any]:
    """Two items, each with the moment in which it was made."""
    async with recorded(run):
        yield {"t": time.monotonic()}
        await asyncio.sleep(PAUSE)
        yield {"t": time.monotonic()}


def paced_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        yield {"t": time.monotonic()}
        time.sleep(PAUSE)
        yield {"t": time.monotonic()}


EARLY: Final[dict[str, Exception]] = {
    "http404": Http404("no such thing"),
    "denied": PermissionDenied("not yours"),
    "suspicious": SuspiciousOperation("too clever"),
    "bad_request": BadRequest("half a request"),
    "value_error": ValueError("secret in the exception"),
}


def _raising(error: Exception) -> tuple[Callable[[Run], Any], Callable[[Run], Any]]:
    async def first(run: Run) -> AsyncIterator[Any]:
        async with recorded(run):
            raise error
            yield

    def first_sync(run: Run) -> Iterator[Any]:
        with recorded_sync(run):
            raise error
            yield

    return first, first_sync


async def endless(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        for n in itertools.count():
            yield {"n": n}
            await asyncio.sleep(0.1)


def endless_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        for n in itertools.count():
            yield {"n": n}
            time.sleep(0.1)


async def short(run: Run) -> AsyncIterator[Any]:
    """Ten items, in half of the grace."""
    async with recorded(run):
        for n in range(10):
            yield {"n": n}
            await asyncio.sleep(0.05)


def short_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        for n in range(10):
            yield {"n": n}
            time.sleep(0.05)


def flood_sync(run: Run) -> Iterator[Any]:
    """Big items without end, so that buffers fill."""
    with recorded_sync(run):
        item = {"pad": "x" * 60_000}
        while True:
            run.bytes += 60_000
            yield item
            time.sleep(0.001)


async def type_error(run: Run) -> AsyncIterator[Any]:
    async with recorded(run):
        yield {"n": 0}
        raise TypeError("a mistake of the source's own")


def type_error_sync(run: Run) -> Iterator[Any]:
    with recorded_sync(run):
        yield {"n": 0}
        raise TypeError("a mistake of the source's own")


async def reading(run: Run) -> AsyncIterator[Any]:
    """Rows as an async view reads them, by way of Django's own thread."""
    async with recorded(run):
        async for row in Row.objects.values("id", "name").order_by("id").aiterator(chunk_size=100):
            yield row


async def missing_row(run: Run) -> AsyncIterator[Any]:
    """Asks the database whether there is anything."""
    async with recorded(run):
        try:
            yield {"n": (await Row.objects.aget(id=-1)).id}
        except Row.DoesNotExist as error:
            raise Http404("no such row") from error


def reading_sync(run: Run) -> Iterator[Any]:
    """Rows, in whichever thread this runs."""
    with recorded_sync(run):
        yield from Row.objects.values("id", "name").order_by("id").iterator(chunk_size=100)


def reading_slowly_sync(run: Run) -> Iterator[Any]:
    """One after the other, so that there is somebody to leave."""
    with recorded_sync(run):
        for row in Row.objects.values("id", "name").order_by("id").iterator(chunk_size=100):
            yield row
            time.sleep(0.05)


ALL: Final[dict[str, Callable[[Run], Any]]] = {
    **SOURCES,
    **{
        made.__name__: made
        for made in (
            paced,
            paced_sync,
            flood_sync,
            type_error,
            type_error_sync,
            missing_row,
            reading,
            reading_sync,
            reading_slowly_sync,
            endless,
            endless_sync,
            short,
            short_sync,
        )
    },
    **{
        f"{name}{ending}": made
        for name, error in EARLY.items()
        for ending, made in zip(("", "_sync"), _raising(error), strict=True)
    },
}


def source(name: str, run: Run) -> Any:
    """A source by its name, held so that only a `close()` closes it."""
    made = ALL[name](run)
    HELD.append(made)
    return made
