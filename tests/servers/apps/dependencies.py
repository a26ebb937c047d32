"""Handlers whose dependencies with `yield` are open while the stream lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator  # noqa: TC003 - FastAPI reads the annotations
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends

from tailrace.fastapi import Stream

from .record import Run, run_named
from .sources import source

router: Final = APIRouter()


async def recorded_run(run: str) -> Run:
    return run_named(run)


Recorded = Annotated[Run, Depends(recorded_run)]


async def resource(run: Recorded) -> AsyncIterator[dict[str, bool]]:
    opened = {"open": True}
    try:
        yield opened
    finally:
        opened["open"] = False
        run.notes.append("dependency closed")


async def transaction(run: Recorded) -> AsyncIterator[None]:
    try:
        yield
    except ValueError:
        run.notes.append("rolled back")
        raise
    else:
        run.notes.append("committed")


@router.get("/transaction/{before}", dependencies=[Depends(transaction)])
async def in_transaction(before: int, *, fail: bool) -> Stream:
    async def rows() -> AsyncIterator[int]:
        for number in range(before):
            yield number
            await asyncio.sleep(0.001)
        if fail:
            raise ValueError(before)

    return Stream(rows())


@router.get("/depending/{kind}")
async def depending(
    kind: str, run: Recorded, opened: Annotated[dict[str, bool], Depends(resource)]
) -> Stream:
    async def rows() -> AsyncIterator[Any]:
        for _ in range(3):
            async for _item in source("some", run):
                yield dict(opened)

    def rows_sync() -> Iterator[Any]:
        for _ in range(3):
            yield dict(opened)

    return Stream(rows_sync() if kind == "sync" else rows())
