"""The same sources, streamed as FastAPI, Starlette and sse-starlette do it themselves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse as FastAPIEvents
from fastapi.sse import ServerSentEvent as FastAPIEvent
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.event import JSONServerSentEvent

from .record import add_middleware, add_probes, run_named
from .sources import source

app: Final = FastAPI()
add_probes(app)
add_middleware(app)


async def _lines(items: AsyncIterable[Any]) -> AsyncIterator[str]:
    async for item in items:
        yield json.dumps(item) + "\n"


def _lines_sync(items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        yield json.dumps(item) + "\n"


async def _array(items: AsyncIterable[Any]) -> AsyncIterator[str]:
    """With the bracket in a `finally`, as one finds it."""
    lead = "["
    try:
        async for item in items:
            yield lead + json.dumps(item)
            lead = ","
    finally:
        yield "]"


def _is_async(items: object) -> bool:
    return isinstance(items, AsyncIterable)


@app.api_route("/starlette/{name}", methods=["GET", "HEAD"])
async def starlette_lines(name: str, run: str) -> StreamingResponse:
    items = source(name, run_named(run))
    lines = _lines(items) if _is_async(items) else _lines_sync(items)
    return StreamingResponse(lines, media_type="application/x-ndjson")


@app.api_route("/starlette-array/{name}", methods=["GET"])
async def starlette_array(name: str, run: str) -> StreamingResponse:
    return StreamingResponse(_array(source(name, run_named(run))), media_type="application/json")


@app.get("/fastapi-jsonl/{name}")
async def fastapi_lines(name: str, run: str) -> AsyncIterable[Any]:
    async for item in source(name, run_named(run)):
        yield item


@app.get("/fastapi-jsonl-sync/{name}")
def fastapi_lines_sync(name: str, run: str) -> Iterable[Any]:
    yield from source(name, run_named(run))


@app.get("/fastapi-sse/{name}", response_class=FastAPIEvents)
async def fastapi_events(name: str, run: str) -> AsyncIterable[Any]:
    async for item in source(name, run_named(run)):
        yield item


@app.get("/fastapi-sse-sync/{name}", response_class=FastAPIEvents)
def fastapi_events_sync(name: str, run: str) -> Iterable[Any]:
    yield from source(name, run_named(run))


@app.api_route("/sse-starlette/{name}", methods=["GET", "HEAD"])
async def sse_starlette(name: str, run: str) -> EventSourceResponse:
    async def events() -> AsyncIterator[ServerSentEvent]:
        async for item in source(name, run_named(run)):
            yield JSONServerSentEvent(item)

    return EventSourceResponse(events())


@app.get("/sse-starlette-plain")
async def sse_starlette_plain() -> EventSourceResponse:
    async def events() -> AsyncIterator[Any]:
        yield ServerSentEvent({"a": 1})

    return EventSourceResponse(events())


@app.get("/nan")
async def nan() -> StreamingResponse:
    async def one() -> AsyncIterator[Any]:
        yield {"v": float("nan")}

    return StreamingResponse(_lines(one()), media_type="application/x-ndjson")


@app.get("/separator-sse-starlette")
async def separator_sse_starlette() -> EventSourceResponse:
    async def events() -> AsyncIterator[Any]:
        yield JSONServerSentEvent({"v": "a\u2028b"})

    return EventSourceResponse(events())


@app.get("/bad-field/{field}")
async def bad_field(field: str, value: str) -> EventSourceResponse:
    async def events() -> AsyncIterator[Any]:
        fields: dict[str, Any] = {field: value}
        yield ServerSentEvent("x", **fields)

    return EventSourceResponse(events())


@app.get("/fastapi-bad-field/{field}", response_class=FastAPIEvents)
async def fastapi_bad_field(field: str, value: str) -> AsyncIterable[Any]:
    fields: dict[str, Any] = {field: value}
    yield FastAPIEvent(data="x", **fields)
