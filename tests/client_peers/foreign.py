"""Streams of FastAPI's and sse-starlette's own, which have never heard of tailrace."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator  # noqa: TC003 - FastAPI looks at what a route gives
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sse_starlette import EventSourceResponse as SSEStarlette

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

COUNT = 4
NAME = "Zoë \u2028 {n}"
LastEventID = Annotated[str | None, Header()]


def begins(last_event_id: LastEventID = None) -> int:
    """The event to go on with; 204 once there is none, which is how a stream of events ends for good."""
    first = 0 if last_event_id is None else int(last_event_id) + 1
    if first >= COUNT:
        raise HTTPException(204)
    return first


First = Annotated[int, Depends(begins)]


def row(number: int) -> dict[str, Any]:
    return {"n": number, "name": NAME}


def create_app(*, middleware: bool = False) -> FastAPI:
    """The app; with `middleware` a transfer that was given up looks complete."""
    app = FastAPI()
    _fastapi(app)
    _sse_starlette(app)
    if middleware:

        @app.middleware("http")
        async def through(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            return await call_next(request)

    return app


def _fastapi(app: FastAPI) -> None:
    @app.get("/fastapi/events", response_class=EventSourceResponse)
    async def events(first: First) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="hello", retry=10)
        for number in range(first, COUNT):
            yield ServerSentEvent(data=row(number), id=str(number), event="row")

    @app.get("/fastapi/breaking", response_class=EventSourceResponse)
    async def breaking(first: First) -> AsyncIterator[ServerSentEvent]:
        """Two events, and the source raises, once they had time to be sent: FastAPI drops what was not."""
        for number in range(first, first + 2):
            yield ServerSentEvent(data=row(number), id=str(number), retry=10)
        await asyncio.sleep(0.02)
        raise ConnectionError

    @app.get("/fastapi/texts", response_class=EventSourceResponse)
    async def texts(first: First) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(raw_data="two\nlines", id=str(max(first, COUNT - 1)), event="text")

    @app.get("/fastapi/lines")
    async def lines(fails_after: int = COUNT) -> AsyncIterator[dict[str, Any]]:
        for number in range(COUNT):
            if number == fails_after:
                raise ConnectionError
            yield row(number)


def _sse_starlette(app: FastAPI) -> None:
    @app.get("/sse-starlette")
    async def events(first: First) -> SSEStarlette:
        async def rows() -> AsyncIterator[dict[str, Any]]:
            yield {"comment": "hello"}
            # Not JSON: whoever wants it reads events.
            for number in itertools.islice(range(first, COUNT), 3):
                yield {"data": f"row {number}\r\nof many", "id": str(number), "event": "row", "retry": 10}

        return SSEStarlette(rows())
