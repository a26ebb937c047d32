"""drf-restflow's streaming responses, whose sources are async."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path

from bench.peers.django_models import CHUNK, stored_dicts
from bench.peers.django_site import count_of, served
from bench.peers.rows import rows

# What stands below needs Django set up, as the imports above leave it.
# isort: split
from restflow.responses import NDJSONResponse, SSEResponse, StreamingJSONListResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from django.http import HttpRequest


async def _events(source: AsyncIterable[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    async for row in source:
        yield {"data": row}


async def _ndjson(request: HttpRequest) -> NDJSONResponse:
    return NDJSONResponse(rows(count_of(request)))


async def _array(request: HttpRequest) -> StreamingJSONListResponse:
    return StreamingJSONListResponse(rows(count_of(request)))


async def _sse(request: HttpRequest) -> SSEResponse:
    return SSEResponse(_events(rows(count_of(request))))


async def _stored_ndjson(request: HttpRequest) -> NDJSONResponse:
    return NDJSONResponse(stored_dicts(request).aiterator(chunk_size=CHUNK))


async def _stored_array(request: HttpRequest) -> StreamingJSONListResponse:
    return StreamingJSONListResponse(stored_dicts(request).aiterator(chunk_size=CHUNK))


urlpatterns = [
    path("ndjson", _ndjson),
    path("array", _array),
    path("sse", _sse),
    path("stored-ndjson", _stored_ndjson),
    path("stored-array", _stored_array),
]
asgi, wsgi = served(__name__)
