"""Sends a request and watches what comes, byte by byte, for so long."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import httpx2

from tailrace.cli.doctor.body import Body
from tailrace.cli.doctor.seen import Content, Ending, Piece, Seen
from tailrace.client._inflate import Inflater
from tailrace.client._request import MOST_REDIRECTS, redirected
from tailrace.errors import TailraceError

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_PIECES: Final = 20_000
_MOST_BYTES: Final = 16 * 1024 * 1024


async def look(
    client: httpx2.AsyncClient,
    request: httpx2.Request,
    within: float,
    enough: Callable[[Sight], bool] | None = None,
) -> Seen:
    """What comes within so many seconds, or until it is enough; raises httpx2's errors where nobody answers."""
    sight = Sight(request)
    try:
        async with asyncio.timeout(within):
            await sight.watch(client, enough)
    except TimeoutError:
        pass
    except httpx2.RemoteProtocolError as error:
        sight.cut(error)
    except httpx2.ReadError as error:
        sight.cut(error)
    return sight.seen()


class Sight:
    """What was seen so far."""

    def __init__(self, request: httpx2.Request) -> None:
        self._request = request
        self._asked = {name: request.headers[name] for name in _TOLD if name in request.headers}
        self._sent = self._connecting = time.monotonic()
        self._round_trip = 0.0
        self._response: httpx2.Response | None = None
        self._head_at: float | None = None
        self._pieces: list[Piece] = []
        self._size = 0
        self._body = Body("", 0.0)
        self._ending: Ending = "open"
        self._why = ""
        self.records = 0

    @property
    def since(self) -> float:
        """Seconds since the request was sent."""
        return time.monotonic() - self._sent

    @property
    def head_came(self) -> bool:
        """Whether there is a status."""
        return self._response is not None

    async def watch(self, client: httpx2.AsyncClient, enough: Callable[[Sight], bool] | None) -> None:
        """Watch until it ends."""
        response = await self._send(client)
        try:
            self._head_at, self._response = self.since, response
            self._body = Body(response.headers.get("content-type", ""), self._server_time(response))
            if enough is not None and enough(self):
                return
            inflater = Inflater(response.headers.get("content-encoding", ""))
            async with aclosing(response.aiter_raw()) as raw:
                async for data in raw:
                    for piece in inflater.pieces(data):
                        self._take(piece)
                    if self._much() or (enough is not None and enough(self)):
                        return
            inflater.finish()
            self._ending = "complete"
        except TailraceError as error:
            self.cut(error)
        finally:
            await response.aclose()

    def cut(self, error: Exception) -> None:
        """The transfer ended before the body did."""
        self._ending, self._why = "cut", str(error) or type(error).__name__

    def seen(self) -> Seen:
        """All of it."""
        response = self._response
        content = (
            self._body.finish(complete=self._ending == "complete") if response is not None else Content()
        )
        return Seen(
            asked=self._asked,
            url=str(self._request.url),
            status=0 if response is None else response.status_code,
            version="" if response is None else response.http_version,
            fields=() if response is None else tuple(response.headers.multi_items()),
            head_at=self._head_at,
            round_trip=self._round_trip,
            pieces=tuple(self._pieces),
            ending=self._ending,
            ended_at=self.since,
            why=self._why,
            content=content,
        )

    async def _send(self, client: httpx2.AsyncClient) -> httpx2.Response:
        for _ in range(MOST_REDIRECTS):
            self._request.extensions["trace"] = self._trace
            response = await client.send(self._request, stream=True, follow_redirects=False)
            following = redirected(self._request, response)
            if following is None:
                return response
            await response.aclose()
            self._request = following
        raise httpx2.TooManyRedirects(f"more than {MOST_REDIRECTS} redirects", request=self._request)

    async def _trace(self, event: str, _: Any) -> None:
        """httpx2's own account of the connection: its time-zero is when the request was out, not when it was wanted."""
        if event.endswith("connect_tcp.started"):
            self._connecting = time.monotonic()
        elif event.endswith("connect_tcp.complete"):
            self._round_trip = time.monotonic() - self._connecting
        elif event.endswith("send_request_body.complete"):
            self._sent = time.monotonic()

    def _take(self, data: bytes) -> None:
        at = self.since
        count = self._body.feed(data, at)
        self.records += count
        self._size += len(data)
        self._pieces.append(Piece(at, len(data), count))

    def _much(self) -> bool:
        return len(self._pieces) >= _MOST_PIECES or self._size >= _MOST_BYTES

    def _server_time(self, response: httpx2.Response) -> float:
        try:
            now = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
        except ValueError:
            now = time.time()
        return now - self.since


_TOLD: Final = ("accept", "accept-encoding", "last-event-id")
