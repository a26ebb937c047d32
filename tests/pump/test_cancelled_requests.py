"""A server that cancels its requests when it stops, as hypercorn does: each has last words, and the others go on."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tailrace import NDJSON, Outcome
from tailrace.asgi import Stream
from tailrace.drain import drain

from .client import SCOPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


async def slow() -> AsyncIterator[int]:
    while True:
        yield 1
        await asyncio.sleep(0.001)


def test_one_that_is_cancelled_is_ended_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypercorn.app_wrappers", ModuleType("hypercorn.app_wrappers"))
    ends: list[Outcome] = []

    async def leaving_its_task(scope: Any, receive: Any, send: Any) -> None:
        """As Django's handler does: what it has begun goes on when it is cancelled."""
        stream = Stream(slow(), formats=[NDJSON()], on_finish=ends.append)
        await asyncio.wait([asyncio.create_task(stream(scope, receive, send))])

    app = drain(leaving_its_task)

    async def serve(sent: list[Any]) -> None:
        async def receive() -> Any:
            await asyncio.sleep(60)

        async def send(message: Any) -> None:
            sent.append(message)

        await app(dict(SCOPE), receive, send)

    async def main() -> None:
        first: list[Any] = []
        second: list[Any] = []
        one, other = asyncio.create_task(serve(first)), asyncio.create_task(serve(second))
        while len(first) < 3 or len(second) < 3:  # noqa: ASYNC110 - both are under way
            await asyncio.sleep(0.001)
        one.cancel()
        await asyncio.wait([one])
        assert b'"status":503' in first[-1]["body"]
        assert [end.reason for end in ends] == ["drained"]
        seen = len(second)
        while len(second) < seen + 3:  # noqa: ASYNC110 - it goes on
            await asyncio.sleep(0.001)
        other.cancel()
        await asyncio.wait([other])

    asyncio.run(asyncio.wait_for(main(), 10))
