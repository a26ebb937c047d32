"""Parts that get ready after some turns of the loop, and what comes of documents made of them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tailrace import Progressive
from tests.pump.client import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def later(value: Any, turns: int = 3) -> Any:
    for _ in range(turns):
        await asyncio.sleep(0)
    return value


async def fails(error: Exception) -> Any:
    await asyncio.sleep(0)
    raise error


async def growing(*values: Any, turns: int = 1) -> AsyncIterator[Any]:
    for value in values:
        await later(None, turns)
        yield value


def run(content: Any, **options: Any) -> Exchange:
    options.setdefault("formats", [Progressive()])

    async def answered() -> Exchange:
        return await Exchange().run(content() if callable(content) else content, **options)

    return asyncio.run(answered())


def records(content: Any, **options: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(content, **options).body.splitlines()]


def read(content: Any, **options: Any) -> Any:
    exchange = run(content, **options)
    reader = Progressive().reader()
    reader.feed(exchange.body)
    reader.finish()
    return reader
