"""Streams for a doctor, as they are written by those who mean well."""

from __future__ import annotations

import asyncio
import json
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from tailrace import Event
from tailrace.starlette import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

ROWS: Final = 7
PAUSE: Final = 0.035


async def rows() -> AsyncIterator[dict[str, Any]]:
    for number in range(ROWS):
        yield {"number": number, "at": datetime.now(UTC)}
        await asyncio.sleep(PAUSE)


async def lines() -> AsyncIterator[str]:
    async for row in rows():
        yield json.dumps(row, default=str) + "\n"


async def events() -> AsyncIterator[str]:
    async for line in lines():
        yield f"data: {line}\n"


def healthy(_: Request) -> Stream:
    return Stream(rows())


def numbered(request: Request) -> Stream:
    cursor = request.headers.get("last-event-id", "")
    after = int(cursor) if cursor.isdecimal() else -1

    async def rest() -> AsyncIterator[Event]:
        async for row in rows():
            if row["number"] > after:
                yield Event(row, id=str(row["number"]))

    return Stream(rest())


def plain(_: Request) -> StreamingResponse:
    return StreamingResponse(lines(), media_type="application/x-ndjson")


def without_end(_: Request) -> StreamingResponse:
    return StreamingResponse(events(), media_type="text/event-stream")


def ping(_: Request) -> JSONResponse:
    return JSONResponse("")


async def built_first(_: Request) -> JSONResponse:
    await asyncio.sleep(0.2)
    return JSONResponse([{**row, "at": None} async for row in rows()])


class Unflushed:
    """Compression as it is written by those who think of files: a row comes when a buffer is full."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if b"gzip" not in dict(scope.get("headers", ())).get(b"accept-encoding", b""):
            await self.app(scope, receive, send)
            return
        packer = zlib.compressobj(wbits=31)

        async def packed(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-encoding", b"gzip")]
            else:
                last = b"" if message.get("more_body") else None
                message["body"] = packer.compress(message.get("body", b""))
                message["body"] += packer.flush() if last is None else last
            await send(message)

        await self.app(scope, receive, packed)


ROUTES: Final = [
    Route(f"/{handler.__name__}", handler) for handler in (healthy, numbered, plain, without_end, built_first)
] + [Route("/probe/ping", ping)]
