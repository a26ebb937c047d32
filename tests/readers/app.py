"""The same rows written by tailrace and by hand, whole and with a source that fails half way."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from tailrace import CSV, JSON, NDJSON, Delivery
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

COUNT = 2000
"""Rows of a good stream: more than one send holds."""


COLUMNS = ("id", "name", "price", "none")


class Gone(Exception):
    """What the source raises."""


async def rows(fails_after: int | None) -> AsyncIterator[dict[str, Any]]:
    for number in range(COUNT):
        if number == fails_after:
            raise Gone
        yield {"id": number, "name": f"Zoë [{number}] {{", "price": number / 4, "none": None}


async def lines_by_hand(items: AsyncIterator[Any]) -> AsyncIterator[str]:
    async for item in items:
        yield json.dumps(item) + "\n"


async def array_by_hand(items: AsyncIterator[Any]) -> AsyncIterator[str]:
    """With the bracket in a `finally`, as one finds it."""
    lead = "["
    try:
        async for item in items:
            yield lead + json.dumps(item)
            lead = ","
    finally:
        yield "]" if lead == "," else "[]"


async def rows_by_hand(items: AsyncIterator[Any]) -> AsyncIterator[str]:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writeheader()
    async for item in items:
        writer.writerow(item)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


BY_HAND = {
    "application/x-ndjson": lines_by_hand,
    "application/json": array_by_hand,
    "text/csv": rows_by_hand,
}
AT_ONCE = Delivery(commit_after=0)
"""The status goes out before the first row: so one without rows can fail as a body, too."""


def create_app(*, middleware: bool) -> FastAPI:
    """The app; with `middleware` a transfer that was given up looks complete."""
    app = FastAPI()

    @app.get("/ours")
    async def by_tailrace(fails_after: int | None = None) -> Stream:
        return Stream(rows(fails_after), formats=[NDJSON(), JSON(), CSV(*COLUMNS)], delivery=AT_ONCE)

    @app.get("/by-hand")
    async def by_hand(request: Request, fails_after: int | None = None) -> StreamingResponse:
        media_type = request.headers["accept"]
        return StreamingResponse(BY_HAND[media_type](rows(fails_after)), media_type=media_type)

    if middleware:

        @app.middleware("http")
        async def through(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            return await call_next(request)

    return app
