"""What the demo serves: events without an end, rows, and a document whose parts come later."""

from __future__ import annotations

import asyncio
import itertools
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tailrace import CSV, Abort, Event, GrowingText, Problem
from tailrace.asgi import Stream
from tailrace.drain import drain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ANSWER: Final = "It streams: each part goes out when it is there, and the slowest keeps nobody waiting."


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The application: three streams."""
    if scope["type"] != "http":
        return
    stream = _STREAMS.get(scope["path"])
    if stream is not None:
        await stream(dict(scope["headers"]))(scope, receive, send)
        return
    head = {"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]}
    await send(head)
    await send({"type": "http.response.body", "body": f"try {', '.join(_STREAMS)}\n".encode()})


def _events(headers: dict[bytes, bytes]) -> Stream[Any]:
    cursor = headers.get(b"last-event-id", b"").decode("latin-1")
    return Stream(_machine(int(cursor) + 1 if cursor.isdecimal() else 1))


async def _machine(first: int) -> AsyncIterator[Event]:
    load = 40.0
    for number in itertools.count(first):
        load = min(max(load + random.uniform(-9, 9), 0), 100)  # noqa: S311 - no secret
        host = f"web-{number % 3 + 1}"
        sample = {"at": datetime.now(UTC), "host": host, "load": round(load, 1), "requests": int(load * 7)}
        yield Event(sample, id=str(number))
        await asyncio.sleep(0.5)


def _rows(_: dict[bytes, bytes]) -> Stream[Any]:
    return Stream(_orders())


def _file(_: dict[bytes, bytes]) -> Stream[Any]:
    return Stream(_orders(), formats=[CSV()], filename="rows.csv")


async def _orders() -> AsyncIterator[dict[str, Any]]:
    for number in range(1, 41):
        yield {"id": number, "customer": ("Ada", "Bo", "Cy")[number % 3], "total": number * 1.5}
        await asyncio.sleep(0.1)


def _document(_: dict[bytes, bytes]) -> Stream[Any]:
    return Stream(
        {
            "now": datetime.now(UTC),
            "user": _user(),
            "orders": _few(),
            "answer": GrowingText(_answer()),
            "weather": _fails(),
        },
    )


async def _user() -> dict[str, Any]:
    await asyncio.sleep(1)
    return {"name": "Ada", "friends": _friends()}


async def _friends() -> list[str]:
    await asyncio.sleep(1)
    return ["Bo", "Cy"]


async def _few() -> AsyncIterator[dict[str, Any]]:
    async for order in _orders():
        yield order
        await asyncio.sleep(0.4)
        if order["id"] == 6:  # noqa: PLR2004 - a few
            return


async def _answer() -> AsyncIterator[str]:
    for word in _ANSWER.split():
        await asyncio.sleep(0.2)
        yield word + " "


async def _fails() -> Any:
    await asyncio.sleep(1.5)
    raise Abort(Problem(title="The weather service does not answer", status=503))


_STREAMS = {"/events": _events, "/rows": _rows, "/rows.csv": _file, "/document": _document}

drained: Final = drain(app, 0.5)
"""The same, which goes away with its server though its events have no end."""
