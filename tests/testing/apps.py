"""Applications as small as they can be, for what is to be seen of a transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2

from tailrace.testing import ASGITransport, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

Message = dict[str, Any]


class Pieces:
    """Sends pieces of a body, `gap` seconds apart, and remembers what it saw."""

    def __init__(self, *pieces: bytes, gap: float = 0, headers: Mapping[str, str] | None = None) -> None:
        self.pieces = pieces
        self.gap = gap
        self.headers = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        self.sent = 0
        self.events: list[Any] = []
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        listening = asyncio.create_task(self._listen(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            for piece in self.pieces:
                await asyncio.sleep(self.gap)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                self.sent += 1
            await send({"type": "http.response.body"})
        except OSError:
            self.events.append("OSError")
        finally:
            listening.cancel()
            await asyncio.sleep(1)
            self.events.append("closed")

    async def _listen(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.events.append("http.disconnect")


def client_of(app: Any, **options: Any) -> httpx2.AsyncClient:
    """A client without a read time-out over our transport, or over one that is given."""
    transport = app if isinstance(app, httpx2.AsyncBaseTransport) else ASGITransport(app, **options)
    return httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=None)


def asked(app: Any, read: Callable[[httpx2.AsyncClient], Awaitable[Any]], **options: Any) -> Any:
    """What `read` makes of a client of the application, in a loop that jumps."""

    async def main() -> Any:
        async with client_of(app, **options) as client:
            return await read(client)

    return run(main())


async def pieces_of(response: httpx2.Response) -> AsyncGenerator[tuple[float, bytes], None]:
    """Each piece of a response, with the time at which it came."""
    async for piece in response.aiter_raw():
        yield asyncio.get_running_loop().time(), piece
