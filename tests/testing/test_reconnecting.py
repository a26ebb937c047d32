"""Our reader over our transport: each way in which a connection can fail, in minutes that take no time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2

from tailrace import Event
from tailrace.asgi import Stream
from tailrace.client import connect
from tailrace.testing import Answer, ASGITransport, Faults, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

FAULTS = [
    Faults(refuse=True),
    Faults(answer=Answer(503, {"retry-after": "7"})),
    Faults(cut_after=40),
    Faults(cut_after=40, cut_as="incomplete", piece=1),
    Faults(cut_after=40, cut_as="end", piece=3),
    Faults(stall_after=40),
    Faults(disconnect_after=40),
    Faults(rate=5),
]


async def counted(begin: int) -> AsyncGenerator[Event, None]:
    for n in range(begin, 8):
        yield Event({"n": n}, id=str(n))
        await asyncio.sleep(10)


async def app(scope: Any, receive: Any, send: Any) -> None:
    last = dict(scope["headers"]).get(b"last-event-id", b"-1")
    await Stream(counted(int(last) + 1))(scope, receive, send)


def test_each_event_comes_once_through_every_fault() -> None:
    async def main() -> tuple[list[int], float]:
        transport = ASGITransport(app, faults=FAULTS)
        async with httpx2.AsyncClient(transport=transport) as client:
            numbers = [item["n"] async for item in connect("http://test/", client=client)]
        assert transport.stubborn == []
        return numbers, asyncio.get_running_loop().time()

    numbers, passed = run(main())
    assert numbers == list(range(8))
    assert passed > 120  # two connections were silent until the reader's own patience ended
