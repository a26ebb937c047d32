"""Starlette's StreamingResponse and sse-starlette, with orjson, a chunk for each item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from bench.peers.rows import rows, ticks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


async def _lines(count: int) -> AsyncIterator[bytes]:
    async for row in rows(count):
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


async def _row_events(count: int) -> AsyncIterator[dict[str, str]]:
    async for row in rows(count):
        yield {"data": orjson.dumps(row).decode()}


async def _tick_frames(tick: str) -> AsyncIterator[bytes]:
    async for event in ticks(tick):
        yield b"data: " + orjson.dumps(event) + b"\n\n"


async def _tick_events(tick: str) -> AsyncIterator[dict[str, str]]:
    async for event in ticks(tick):
        yield {"data": orjson.dumps(event).decode()}


def _count(request: Request) -> int:
    return int(request.query_params["count"])


def _tick(request: Request) -> str:
    return request.query_params.get("tick", "")


async def _streaming(request: Request) -> StreamingResponse:
    return StreamingResponse(_lines(_count(request)), media_type="application/x-ndjson")


async def _sse(request: Request) -> EventSourceResponse:
    return EventSourceResponse(_row_events(_count(request)))


async def _live_streaming(request: Request) -> StreamingResponse:
    return StreamingResponse(_tick_frames(_tick(request)), media_type="text/event-stream")


async def _live_sse(request: Request) -> EventSourceResponse:
    return EventSourceResponse(_tick_events(_tick(request)))


streaming = Starlette(routes=[Route("/rows", _streaming), Route("/live", _live_streaming)])
sse = Starlette(routes=[Route("/rows", _sse), Route("/live", _live_sse)])
