"""What a reader has got of a response, however it ended."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import httpx2

if TYPE_CHECKING:
    from collections.abc import Awaitable


@dataclass(frozen=True, slots=True)
class Received:
    """A response as far as it came: its pieces with the seconds at which they came, and what cut it, if anything."""

    status: int
    headers: httpx2.Headers
    pieces: tuple[bytes, ...]
    times: tuple[float, ...] = ()
    error: Exception | None = None

    @property
    def content(self) -> bytes:
        """The body."""
        return b"".join(self.pieces)

    @property
    def media_type(self) -> str:
        """The Content-Type."""
        return self.headers.get("content-type", "")

    @classmethod
    def of(cls, body: Body) -> Received:
        """The same of a response that was read, or of bytes and their Content-Type."""
        if isinstance(body, Received):
            return body
        if isinstance(body, httpx2.Response):
            return cls(body.status_code, body.headers, (body.content,))
        content, media_type = body
        return cls(200, httpx2.Headers({"content-type": media_type}), (content,))


Body = Received | httpx2.Response | tuple[bytes, str]
"""What assertions are about: what `fetch` gave, a response that was read, or bytes and their Content-Type."""


@overload
def fetch(client: httpx2.AsyncClient, url: str, method: str = ..., **request: Any) -> Awaitable[Received]: ...
@overload
def fetch(client: httpx2.Client, url: str, method: str = ..., **request: Any) -> Received: ...
def fetch(
    client: httpx2.AsyncClient | httpx2.Client, url: str, method: str = "GET", **request: Any
) -> Awaitable[Received] | Received:
    """Read a response to its end, or to where it is cut; with an `AsyncClient` it is awaited.

    `request` is what `client.stream` takes. Raises only what comes before the response has begun.
    """
    if isinstance(client, httpx2.AsyncClient):
        return _fetch_async(client, url, method, request)
    pieces, times, error = list[bytes](), list[float](), None
    begun = time.monotonic()
    with client.stream(method, url, **request) as response:
        try:
            for piece in response.iter_bytes():
                pieces.append(piece)
                times.append(time.monotonic() - begun)
        except httpx2.HTTPError as cut:
            error = cut
    return Received(response.status_code, response.headers, tuple(pieces), tuple(times), error)


async def _fetch_async(
    client: httpx2.AsyncClient, url: str, method: str, request: dict[str, Any]
) -> Received:
    pieces, times, error = list[bytes](), list[float](), None
    now = asyncio.get_running_loop().time
    begun = now()
    async with client.stream(method, url, **request) as response:
        try:
            async for piece in response.aiter_bytes():
                pieces.append(piece)
                times.append(now() - begun)
        except httpx2.HTTPError as cut:
            error = cut
    return Received(response.status_code, response.headers, tuple(pieces), tuple(times), error)
