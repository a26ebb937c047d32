"""Streams of a server that is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from tailrace.drain import drain, drain_on_signals
from tailrace.fastapi import Stream

from .record import add_middleware, add_probes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GRACE = 1.5


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with contextlib.nullcontext() if os.environ.get("UNDRAINED") else drain_on_signals(GRACE):
        yield


plain = FastAPI(lifespan=lifespan)
add_probes(plain)
add_middleware(plain)
app = drain(plain, GRACE) if os.environ.get("WRAPPED") else plain


async def ticks(count: int | None, every: float = 0.1) -> AsyncIterator[dict[str, int]]:
    number = 0
    while count is None or number < count:
        yield {"n": number}
        number += 1
        await asyncio.sleep(every)


@plain.get("/endless")
async def endless() -> Any:
    return Stream(ticks(None))


@plain.get("/quiet")
async def quiet() -> Any:
    return Stream(ticks(None, every=0.5))


@plain.get("/short")
async def short() -> Any:
    return Stream(ticks(10))
