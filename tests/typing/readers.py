"""What type checkers make of the readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_type

import httpx2

from tailrace import NDJSON, Event
from tailrace.client import Closed, Connection, Gap, News, Opened, Reconnecting, Resume, connect, sync


@dataclass
class Order:
    id: int


async def items() -> None:
    async for order in connect("http://localhost/orders", Order):
        assert_type(order, Order)
    async for event in connect("http://localhost/orders", Event, format=NDJSON()):
        assert_type(event, Event)
    async for anything in connect("http://localhost/orders"):
        assert_type(anything, Any)


async def options() -> Connection[Order]:
    async def headers() -> dict[str, str]:
        return {"Authorization": "Bearer new"}

    client = httpx2.AsyncClient()
    async with connect(
        "http://localhost/orders",
        Order,
        resume=Resume(attempts=None),
        last_event_id="7",
        method="POST",
        json={"n": 1},
        headers=headers,
        client=client,
    ) as orders:
        assert_type(orders, Connection[Order])
        assert_type(orders.last_event_id, str | None)
        await orders["part"]["of"]
        return orders


def without_a_loop() -> None:
    with sync.connect("http://localhost/orders", Order, client=httpx2.Client()) as orders:
        assert_type(orders, sync.Connection[Order])
        for order in orders:
            assert_type(order, Order)
        assert_type(orders.at("/a"), sync.Handle)


def told(news: News) -> str:
    match news:
        case Opened(url=url):
            return url
        case Reconnecting(delay=delay):
            return f"{delay}"
        case Gap(requested=requested):
            return requested or ""
        case Closed(error=error):
            return repr(error)


# Each of these is wrong, and is found to be.
connect("http://localhost", Order, client=httpx2.Client())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue] - of the other kind
connect("http://localhost", Order, verb="POST")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue] - no such option
