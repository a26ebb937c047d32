"""Litestar's Stream, with orjson, a chunk for each item."""

from collections.abc import AsyncIterator

import orjson
from litestar import Litestar, get
from litestar.response import Stream

from bench.peers.rows import rows


async def _lines(count: int) -> AsyncIterator[bytes]:
    async for row in rows(count):
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


@get("/rows")
async def _rows(count: int) -> Stream:
    return Stream(_lines(count), media_type="application/x-ndjson")


app = Litestar([_rows], logging_config=None)
