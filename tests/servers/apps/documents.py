"""Documents behind tailrace: parts that are slow, that fail, that grow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator  # noqa: TC003 - FastAPI reads the annotations
from typing import Any, Final

from fastapi import APIRouter, HTTPException

from tailrace import Abort, GrowingText, Problem, defer
from tailrace.fastapi import Stream

from .dependencies import Recorded  # noqa: TC001 - FastAPI reads the annotations
from .record import Run  # noqa: TC001 - the same

router: Final = APIRouter(prefix="/document")


async def slow(run: Run) -> None:
    """Never ready; notes when it was cancelled, by a clock that all processes share."""
    run.started += 1
    try:
        await asyncio.sleep(60)
    finally:
        run.notes.append(time.monotonic())
        await asyncio.sleep(0.01)
        run.closed += 1


async def nested(run: Run) -> dict[str, Any]:
    await asyncio.sleep(0.01)
    return {"inner": slow(run)}


async def rows(run: Run) -> AsyncIterator[Any]:
    yield {"n": 0, "slow": slow(run)}
    await slow(run)


async def words(run: Run) -> AsyncIterator[str]:
    yield "so far"
    await slow(run)


@router.get("/slow")
async def slow_parts(run: Recorded) -> Stream:
    """Six slow parts at all depths."""
    tree = {"now": 1, "a": slow(run), "b": [nested(run)], "rows": rows(run), "text": GrowingText(words(run))}
    return Stream({**tree, "more": nested(run)}, on_finish=run.finished)


async def after(seconds: float, value: Any) -> Any:
    await asyncio.sleep(seconds)
    return value


async def failing(error: Exception) -> Any:
    await asyncio.sleep(0.02)
    raise error


@router.get("/mixed")
async def mixed(run: Recorded) -> Stream:
    """Parts that come one behind the other, and some that fail."""

    async def count() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0.02)
            yield number

    return Stream(
        {
            "now": "$1",
            "fast": after(0.01, 1),
            "late": after(0.1, {"inner": after(0.05, 2)}),
            "blocking": defer(time.sleep, 0.02),
            "count": count(),
            "bad": failing(ValueError("secret")),
            "gone": failing(Abort(Problem(title="Gone", status=410))),
        },
        on_finish=run.finished,
    )


@router.api_route("/sound", methods=["GET", "HEAD"])
async def sound() -> Stream:
    return Stream({"now": 1, "late": after(0.02, {"inner": after(0.02, 2)}), "é\u2028": "é\u2028"})


@router.get("/missing")
async def missing() -> Stream:
    return Stream({"now": 1, "user": failing(HTTPException(404, "no such user"))})
