"""django-ninja's streams, JSONL and SSE, and its list, which is whole in memory; each row by a schema."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Any

from django.urls import path

from bench.peers.django_site import count_of, served

# What stands below needs Django set up, as the imports above leave it.
# isort: split
from ninja import JSONL, SSE, NinjaAPI, Schema

from bench.peers.django_models import CHUNK, StoredRow, stored
from bench.peers.rows import rows, sync_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from django.http import HttpRequest

api = NinjaAPI()


class Row(Schema):
    """One row."""

    id: int
    name: str
    price: float
    created: datetime


@api.get("/async-jsonl", response=JSONL[Row])
async def async_jsonl(request: HttpRequest) -> AsyncIterator[dict[str, Any]]:
    """Lines."""
    async for row in rows(count_of(request)):
        yield row


@api.get("/async-sse", response=SSE[Row])
async def async_sse(request: HttpRequest) -> AsyncIterator[dict[str, Any]]:
    """Events."""
    async for row in rows(count_of(request)):
        yield row


@api.get("/jsonl", response=JSONL[Row])
def jsonl(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """Lines from a sync view."""
    yield from sync_rows(count_of(request))


@api.get("/list", response=list[Row])
def whole(request: HttpRequest) -> list[dict[str, Any]]:
    """A list."""
    return list(sync_rows(count_of(request)))


@api.get("/stored-async-jsonl", response=JSONL[Row])
async def stored_async_jsonl(request: HttpRequest) -> AsyncIterator[StoredRow]:
    """Lines from the database."""
    async for row in stored(request).aiterator(chunk_size=CHUNK):
        yield row


@api.get("/stored-jsonl", response=JSONL[Row])
def stored_jsonl(request: HttpRequest) -> Iterator[StoredRow]:
    """Lines from the database and a sync view."""
    yield from stored(request).iterator(chunk_size=CHUNK)


@api.get("/stored-list", response=list[Row])
def stored_whole(request: HttpRequest) -> Any:
    """A list from the database."""
    return stored(request)


urlpatterns = [path("", api.urls)]
asgi, wsgi = served(__name__)
