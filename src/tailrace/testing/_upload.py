"""The body of a request, handed to an ASGI application piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2


class Upload:
    """What `receive` gives before it waits for the reader to go.

    A piece is taken from the request when the application asks for it. Whoever stops asking, as a cancelled
    `receive` does, leaves it for the next.
    """

    def __init__(self, request: httpx2.Request) -> None:
        stream: Any = request.stream
        if not hasattr(stream, "__aiter__"):
            raise TypeError("expected a request of an AsyncClient, got one whose body is read by blocking")
        length = request.headers.get("content-length", "")
        # Without either field there is no body (RFC 9112 6.3).
        none = 0 if "transfer-encoding" not in request.headers else None
        self._left = int(length) if length.isdecimal() else none
        self._pieces: AsyncIterator[bytes] = aiter(stream)
        self._pulling: asyncio.Task[bytes | None] | None = None
        self.over = False

    async def message(self, gone: asyncio.Future[None]) -> dict[str, Any] | None:
        """The next message; None once the reader is gone. Raises what the request's own body raises."""
        if self._pulling is None:
            self._pulling = asyncio.create_task(self._pull())
        pulling = self._pulling
        either: list[asyncio.Future[Any]] = [pulling, gone]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not pulling.done():
            return None
        if self._pulling is not pulling:  # two were asking, and the other has it
            return None if self.over else await self.message(gone)
        self._pulling = None
        piece = pulling.result()
        if self._left is not None:
            self._left -= len(piece or b"")
        self.over = piece is None or self._left == 0
        return {"type": "http.request", "body": piece or b"", "more_body": not self.over}

    async def _pull(self) -> bytes | None:
        return await anext(self._pieces, None)

    async def aclose(self) -> None:
        """Close what was not read."""
        if self._pulling is not None:
            self._pulling.cancel()
            await asyncio.wait([self._pulling])
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            with contextlib.suppress(RuntimeError):  # it is being read by somebody else
                await close()
