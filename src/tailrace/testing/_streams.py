"""Whether an application really streams: item by item, and with nothing left behind when the reader leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import httpx2

from tailrace.testing._asgi import ASGITransport
from tailrace.testing._exchange import PATIENCE
from tailrace.testing._reader import Reader, reader_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable
    from typing import Self

    from tailrace.testing._exchange import ASGIApp

T = TypeVar("T")

_AT_ONCE: Final = 5.0
"""Seconds within which an item that was made has to arrive."""

_LONGEST: Final = 60.0
"""Seconds within which a source that nobody steers has to give its items."""


_LEAST: Final = 2
_COMPARED: Final = 3
"""Items that tell whether they come one by one."""

_TOGETHER: Final = 0.001
"""Seconds between items that came together."""


class Probe(Generic[T]):
    """An async source that makes an item only when it is told to, and knows what becomes of it.

    Put it where your own source is, and `release` its items one by one.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self.made = 0
        """How many items were made."""
        self.closed = False
        """Whether it was closed, or came to its end."""
        self._items = list(items)
        self._allowed = asyncio.Semaphore(0)

    def release(self, count: int = 1) -> None:
        """Let it make some more items; behind the last of them it ends."""
        for _ in range(count):
            self._allowed.release()

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        try:
            for item in self._items:
                await self._allowed.acquire()
                self.made += 1
                yield item
        finally:
            self.closed = True

    def __len__(self) -> int:
        return len(self._items)


async def assert_streams(
    app: ASGIApp | ASGITransport,
    url: str = "/",
    *,
    source: Probe[Any] | None = None,
    method: str = "GET",
    **request: Any,
) -> None:
    """Fail unless a response's items arrive one by one as they are made, and its end leaves nothing behind.

    With a `source`, each item has to arrive before the next is made, and the source has to be closed when the
    reader leaves in the middle. Without one, the first three items have to arrive at different times of the
    event loop's clock, for which the application's own source has to wait between them. In both, the
    application has to return when its reader leaves, and no task may be left. `request` is what
    `httpx2.AsyncClient.build_request` takes.
    """
    transport = app if isinstance(app, ASGITransport) else ASGITransport(app)
    tasks, stubborn = asyncio.all_tasks(), len(transport.stubborn)
    # A transport may be in use: it is neither entered nor closed.
    client = httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=None)
    async with _Reading(client, client.build_request(method, url, **request)) as reading:
        if source is None:
            await _arrive_apart(reading)
        else:
            await _arrive_one_by_one(reading, source)
    if len(transport.stubborn) > stubborn:
        raise AssertionError(
            f"expected the application to return when its reader leaves; it went on for {PATIENCE:g} s"
        )
    if source is not None and not source.closed:
        raise AssertionError(
            f"expected the source to be closed when its reader leaves, after item {source.made - 1}; it is not: "
            "what wraps a source has to close it (contextlib.aclosing)"
        )
    left = await _left(tasks)
    if left:
        raise AssertionError(f"expected no task to be left; {len(left)} are: {', '.join(map(repr, left))}")


class _Reading:
    """A response that is read until it has so many items."""

    def __init__(self, client: httpx2.AsyncClient, request: httpx2.Request) -> None:
        self._client = client
        self._request = request
        self._response: httpx2.Response | None = None
        self._pieces: AsyncIterator[bytes]
        self._reader: Reader
        self._size = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._response is not None:
            await self._response.aclose()

    async def until(self, count: int) -> bool:
        """Read until there are so many items; whether there are, before the end."""
        if self._response is None:
            self._response = await self._client.send(self._request, stream=True)
            if not self._response.is_success:
                body = await self._response.aread()
                raise AssertionError(
                    f"expected a stream, got status {self._response.status_code}: {body[:60]!r}"
                )
            self._pieces = self._response.aiter_bytes()
            self._reader = reader_of(self._response.headers.get("content-type", ""))
        while self._reader.count < count:
            piece = await anext(self._pieces, None)
            if piece is None:
                return False
            self._size += len(piece)
            self._reader.feed(piece)
        return True

    def __str__(self) -> str:
        if self._response is None:
            return "not even the response has begun"
        kind = self._response.headers.get("content-type", "no Content-Type")
        return f"{self._reader.count} items in {self._size} bytes of {kind} came"


async def _arrive_one_by_one(reading: _Reading, source: Probe[Any]) -> None:
    if len(source) < _LEAST:
        raise ValueError(f"expected a source of at least {_LEAST} items, the last of which is never made")
    for number in range(len(source) - 1):
        source.release()
        try:
            async with asyncio.timeout(_AT_ONCE):
                arrived = await reading.until(number + 1)
        except TimeoutError:
            raise AssertionError(
                f"expected item {number} to arrive before the next is made; {reading} within {_AT_ONCE:g} s: "
                + (
                    "something on the way holds it back"
                    if source.made > number
                    else "the source was not asked for it"
                )
            ) from None
        if not arrived:
            raise AssertionError(f"expected item {number} to arrive, but the body is over: {reading}")


async def _arrive_apart(reading: _Reading) -> None:
    now, times = asyncio.get_running_loop().time, list[float]()
    try:
        async with asyncio.timeout(_LONGEST):
            while len(times) < _COMPARED and await reading.until(len(times) + 1):
                times.append(now())
    except TimeoutError:
        raise AssertionError(f"expected {_COMPARED} items within {_LONGEST:g} s; {reading}") from None
    if len(times) < _LEAST:
        raise AssertionError(f"expected at least {_LEAST} items, which can come one by one; {reading}")
    if times[-1] - times[0] < _TOGETHER:
        raise AssertionError(
            f"expected items at different times; {reading} together: either something on the way holds them "
            "back, or the source does not wait between them (then put a Probe in its place)"
        )


async def _left(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """The tasks that are new and do not end by themselves in a moment."""
    left = asyncio.all_tasks() - before
    if left:
        _, left = await asyncio.wait(left, timeout=1)
    return left
