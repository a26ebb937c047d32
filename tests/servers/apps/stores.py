"""Streams out of a database and out of a store's channel, as applications have them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import psycopg
import redis.asyncio
from fastapi import FastAPI
from psycopg.rows import dict_row

from tailrace.fastapi import Stream

from .record import add_middleware, add_probes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = FastAPI()
add_probes(app)
add_middleware(app)


async def rows(name: str, count: int) -> AsyncIterator[dict[str, Any]]:
    """By a cursor on the server's side, a batch at a time: neither side ever holds the whole."""
    async with (
        await psycopg.AsyncConnection.connect(
            os.environ["DATABASE_URL"], application_name=name
        ) as connection,
        connection.cursor("export", row_factory=dict_row) as cursor,
    ):
        # In the select list the series is made as it is read; in a `from` it would first be written to disk.
        series = "select n as id, 'Item ' || n as name from (select generate_series(1, %s) n) series"
        await cursor.execute(series, [count])
        async for row in cursor:
            yield row


@app.get("/orders")
async def orders(name: str, count: int) -> Any:
    return Stream(rows(name, count))


async def messages(channel: str) -> AsyncIterator[dict[str, str]]:
    async with (
        redis.asyncio.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True) as store,
        store.pubsub() as subscription,
    ):
        await subscription.subscribe(channel)
        async for message in subscription.listen():
            if message["type"] == "message":
                yield {"text": message["data"]}


@app.get("/messages")
async def subscribed(channel: str) -> Any:
    return Stream(messages(channel))
