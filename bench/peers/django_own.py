"""Django by itself: StreamingHttpResponse with orjson, a chunk for each row or 64 KiB by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from bench.peers.django_models import CHUNK, stored_dicts
from bench.peers.django_site import count_of, served
from bench.peers.rows import PIECE, rows, sync_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

_MEDIA_TYPE = "application/x-ndjson"


def _line(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


async def _lines(source: AsyncIterable[dict[str, Any]]) -> AsyncIterator[bytes]:
    async for row in source:
        yield _line(row)


async def _blocks(source: AsyncIterable[dict[str, Any]]) -> AsyncIterator[bytes]:
    buffer = bytearray()
    async for row in source:
        buffer += _line(row)
        if len(buffer) >= PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def _sync_blocks(source: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    buffer = bytearray()
    for row in source:
        buffer += _line(row)
        if len(buffer) >= PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def _answer(content: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(content, content_type=_MEDIA_TYPE)


async def _async_lines(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(_lines(rows(count_of(request))))


async def _async_blocks(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(_blocks(rows(count_of(request))))


def _lines_of_sync(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(map(_line, sync_rows(count_of(request))))


def _blocks_of_sync(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(_sync_blocks(sync_rows(count_of(request))))


async def _stored_async_lines(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(_lines(stored_dicts(request).aiterator(chunk_size=CHUNK)))


async def _stored_async_blocks(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(_blocks(stored_dicts(request).aiterator(chunk_size=CHUNK)))


def _stored_lines(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(map(_line, stored_dicts(request).iterator(chunk_size=CHUNK)))


def _stored_blocks(request: HttpRequest) -> StreamingHttpResponse:
    return _answer(_sync_blocks(stored_dicts(request).iterator(chunk_size=CHUNK)))


urlpatterns = [
    path("async-lines", _async_lines),
    path("async-blocks", _async_blocks),
    path("lines", _lines_of_sync),
    path("blocks", _blocks_of_sync),
    path("stored-async-lines", _stored_async_lines),
    path("stored-async-blocks", _stored_async_blocks),
    path("stored-lines", _stored_lines),
    path("stored-blocks", _stored_blocks),
]
asgi, wsgi = served(__name__)
