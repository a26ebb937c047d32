"""FastAPI by itself: a handler that yields gives JSON lines, or server-sent events."""

from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse

from bench.peers.models import MODELS, Row
from bench.peers.rows import BLOCK, ROWS, ticks

app = FastAPI()


# Annotated, `dict[str, Any]` would be validated and written by pydantic: that is the typed row.
@app.get("/jsonl")
async def jsonl(count: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an annotation is FastAPI's to read
    """Dicts as lines."""
    for _ in range(count // BLOCK):
        for row in ROWS:
            yield row


@app.get("/jsonl-typed")
async def jsonl_typed(count: int) -> AsyncIterator[Row]:
    """Models as lines."""
    for _ in range(count // BLOCK):
        for model in MODELS:
            yield model


@app.get("/jsonl-sync")
def jsonl_sync(count: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an annotation is FastAPI's to read
    """Dicts as lines, from a sync handler."""
    for _ in range(count // BLOCK):
        yield from ROWS


@app.get("/sse", response_class=EventSourceResponse)
async def sse(count: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an annotation is FastAPI's to read
    """Dicts as events."""
    for _ in range(count // BLOCK):
        for row in ROWS:
            yield row


@app.get("/sse-typed", response_class=EventSourceResponse)
async def sse_typed(count: int) -> AsyncIterator[Row]:
    """Models as events."""
    for _ in range(count // BLOCK):
        for model in MODELS:
            yield model


@app.get("/live", response_class=EventSourceResponse)
async def live(tick: str = ""):  # type: ignore[no-untyped-def]  # noqa: ANN201 - an annotation is FastAPI's to read
    """Events."""
    async for event in ticks(tick):
        yield event
