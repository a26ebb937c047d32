"""A server and its client in one: an ASGI exchange whose sends the test decides about."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tailrace.asgi import Stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tailrace import Outcome

Message = Any
SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [],
    "asgi": {"version": "3.0", "spec_version": "2.3"},
}


class Exchange:
    """One request: what was sent, when, and how it ended."""

    def __init__(self, send: Callable[[Message], Awaitable[None]] | None = None, **scope: Any) -> None:
        self.scope = SCOPE | scope
        self.messages: list[Message] = []
        self.times: list[float] = []
        self.outcomes: list[Outcome] = []
        self.left = asyncio.Event()
        self._asked = False
        self._deliver = send

    async def send(self, message: Message) -> None:
        self.messages.append(message)
        self.times.append(asyncio.get_running_loop().time())
        if self._deliver is not None:
            await self._deliver(message)

    async def receive(self) -> Message:
        if self._asked:
            await self.left.wait()
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def run(self, content: Any, **options: Any) -> Exchange:
        await Stream(content, on_finish=self.outcomes.append, **options)(self.scope, self.receive, self.send)
        return self

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.messages if message["type"] == "http.response.body"]

    @property
    def body(self) -> bytes:
        return b"".join(self.bodies)

    @property
    def reason(self) -> str:
        (outcome,) = self.outcomes
        return outcome.reason


async def until(holds: Callable[[], bool]) -> None:
    """Turn the loop until it is so, for two seconds at most."""
    async with asyncio.timeout(2):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0)


async def cancelled(exchange: Exchange, content: Any, *, behind: bytes, **options: Any) -> Exchange:
    """Cancel the request once its body has `behind` in it; the cancellation has to come out of it."""
    task = asyncio.create_task(exchange.run(content, **options))
    await until(lambda: behind in exchange.body)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return exchange


async def longest_pause(exchange: Awaitable[Any], seconds: float) -> float:
    """How long another task had to wait for its turn beside the exchange, which is then cancelled."""
    task = asyncio.ensure_future(exchange)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    longest = 0.0
    while (began := loop.time()) < end:
        await asyncio.sleep(0)
        longest = max(longest, loop.time() - began)
    task.cancel()
    await asyncio.wait([task])
    return longest
