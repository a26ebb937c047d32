"""The server: a message, a text in pieces, and ten events as NDJSON from a sync generator."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from tailrace import JSON, NDJSON, EventStream, Text
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

COUNT = 10


async def pieces(interval: float) -> AsyncIterator[str]:
    for _ in range(COUNT):
        yield "some streamed data"
        await asyncio.sleep(interval)


def events(interval: float) -> Iterator[dict[str, Any]]:
    # A sync generator runs in a thread of its own: it may block, and nobody else waits for it.
    for number in range(COUNT):
        yield {"event_id": number, "data": "some random data", "is_last_event": number == COUNT - 1}
        time.sleep(interval)


def create_app(interval: float = 0.5, text_interval: float = 1.0) -> FastAPI:
    """The app, with so many seconds between two events, and between two pieces of the text."""
    app = FastAPI(description="Newline-delimited JSON, one event after the other.")

    @app.get("/")
    async def root() -> dict[str, str]:
        return {"message": "Hello World"}

    @app.get("/text")
    async def text() -> Stream:
        return Stream(pieces(text_interval), formats=[Text()])

    @app.get("/stream")
    async def stream() -> Stream:
        # The first format is for everybody who asks for none. `json.dumps` puts a space after each
        # comma and colon; without `encoder` the JSON is compact.
        return Stream(events(interval), formats=[NDJSON(), JSON(), EventStream()], encoder=json.dumps)

    return app
