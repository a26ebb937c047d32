"""A stream that goes on behind Last-Event-ID: an application that does it by hand, and falls silent on its way."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Header

from tailrace import NDJSON, Delivery, Event, EventStream
from tailrace.drain import drain_on_signals
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

COUNT = 300
FEW = 4
SILENT = Delivery(keep_alive=None)


def begins(last_event_id: str | None) -> int:
    return 0 if last_event_id is None else int(last_event_id) + 1


async def steady(first: int) -> AsyncIterator[Event]:
    """An event every few milliseconds."""
    for number in range(first, COUNT):
        yield Event({"n": number}, id=str(number))
        await asyncio.sleep(0.002)


async def halting(first: int) -> AsyncIterator[Event]:
    """Two events, and silence; but the last is the last."""
    for number in range(first, FEW):
        yield Event({"n": number}, id=str(number))
        if number % 2 and number < FEW - 1:
            await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with drain_on_signals():
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/probe/ping")
async def ping() -> str:
    return "pong"


@app.get("/steady")
async def steady_events(last_event_id: Annotated[str | None, Header()] = None) -> Any:
    return Stream(steady(begins(last_event_id)), formats=[EventStream()])


@app.get("/lines")
async def lines() -> Any:
    return Stream(steady(COUNT - FEW), formats=[NDJSON(end=True)])


@app.get("/halting")
async def halting_events(last_event_id: Annotated[str | None, Header()] = None) -> Any:
    return Stream(halting(begins(last_event_id)), formats=[EventStream(), NDJSON()], delivery=SILENT)
