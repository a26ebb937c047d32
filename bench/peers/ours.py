"""Tailrace, in the ways its users write it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

import tailrace.asgi
import tailrace.starlette
from bench.peers.models import MODELS, Row, models
from bench.peers.rows import BLOCK, ROWS, rows, sync_rows, ticks
from tailrace.fastapi import Stream

fastapi = FastAPI()


@fastapi.get("/dicts")
async def dicts(count: int) -> Stream:
    """Dicts from an async generator."""
    return Stream(rows(count))


@fastapi.get("/models")
async def pydantic(count: int) -> Stream:
    """Pydantic models from an async generator."""
    return Stream(models(count))


@fastapi.get("/sync")
async def sync(count: int) -> Stream:
    """Dicts from a sync generator."""
    return Stream(sync_rows(count))


@fastapi.get("/yield", response_class=Stream)
async def yield_dicts(count: int) -> AsyncIterator[dict[str, Any]]:
    """Dicts from a handler that yields."""
    for _ in range(count // BLOCK):
        for row in ROWS:
            yield row


@fastapi.get("/yield-typed", response_class=Stream)
async def yield_typed(count: int) -> AsyncIterator[Row]:
    """Models from a handler that yields."""
    for _ in range(count // BLOCK):
        for model in MODELS:
            yield model


@fastapi.get("/yield-sync", response_class=Stream)
def yield_sync(count: int) -> Iterator[dict[str, Any]]:
    """Dicts from a sync handler that yields."""
    for _ in range(count // BLOCK):
        yield from ROWS


@fastapi.get("/live")
async def live(tick: str = "") -> Stream:
    """Events on FastAPI."""
    return Stream(ticks(tick))


async def _live(request: Request) -> tailrace.starlette.Stream:
    return tailrace.starlette.Stream(ticks(request.query_params.get("tick", "")))


starlette = Starlette(routes=[Route("/live", _live)])


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Events without a framework."""
    if scope["type"] != "http":
        return
    query = dict(parse_qsl(scope["query_string"].decode()))
    await tailrace.asgi.Stream(ticks(query.get("tick", "")))(scope, receive, send)
