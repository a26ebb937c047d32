"""A transport for httpx2's `AsyncClient` that calls an ASGI application and delivers what it sends as it sends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

import httpx2

from tailrace._finish import undisturbed
from tailrace.testing._exchange import Exchange, log
from tailrace.testing._faults import Answer, Faults, Plan, Step
from tailrace.testing._lifespan import Lifespan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
    from typing import Self

    from tailrace.testing._exchange import ASGIApp, Receive, Scope, Send

T = TypeVar("T")

WINDOW: Final = 64 * 1024
"""Bytes that servers hold for a reader before they let their application wait."""

UVICORN: Final = "2.3"
"""The version of the specification that uvicorn and granian name."""


class ASGITransport(httpx2.AsyncBaseTransport):
    """Calls an ASGI application in process, as a server would; the reader gets each piece as it is sent.

    `faults` go wrong with every request, or, where it is a sequence, with the first, the second and so on.
    `raise_app_exceptions`: what the application raises before its response begins is raised to the caller; else
    it is a 500. Later it is a cut transfer (`httpx2.RemoteProtocolError`, caused by what was raised), or, behind a
    complete response such as a framework's own 500, for the log.
    `lifespan`: entering the transport, or the client, runs the application's startup, leaving it the shutdown.
    `spec_version`: the version of ASGI's specification for HTTP: "2.3" as uvicorn and granian, "2.1" as
    hypercorn; from "2.4" on `send` raises `OSError` once the reader has gone; None names none, as daphne.
    `window`: bytes that the application may be ahead of the reader; 0: each `send` waits until its piece was taken.

    The request's body is read when the application asks for it. Closing a response waits until the application has
    returned: for 10 seconds, then it is cancelled, logged and listed in `stubborn`. The client's read time-out
    holds for each piece. asyncio only.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        faults: Faults | Sequence[Faults] = (),
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 123),
        raise_app_exceptions: bool = True,
        lifespan: bool = False,
        spec_version: str | None = UVICORN,
        window: int = WINDOW,
    ) -> None:
        self.app = app
        self.stubborn: list[str] = []
        """The requests whose application had to be cancelled after its reader had gone."""
        self._plan = Plan(faults)
        self._asgi = {"version": "3.0"} | ({} if spec_version is None else {"spec_version": spec_version})
        self._place: Scope = {"root_path": root_path, "client": client}
        self._raises = raise_app_exceptions
        self._window = window
        self._lifespan = Lifespan(app) if lifespan else None
        self._open: set[Exchange] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop that it was last used in."""

    async def __aenter__(self) -> Self:
        """Run the application's startup, if the transport was told to."""
        self.loop = asyncio.get_running_loop()
        if self._lifespan is not None:
            await self._lifespan.startup()
        return self

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return the response once it has begun."""
        if self._lifespan is not None and not self._lifespan.running:
            raise RuntimeError(
                "lifespan=True: expected `async with` around the transport, or the client, first"
            )
        self.loop = asyncio.get_running_loop()
        faults = self._plan.next()
        if faults.refuse:
            raise httpx2.ConnectError("[Errno 111] Connection refused")
        app = self.app if faults.answer is None else _answering(faults.answer)
        exchange = Exchange(app, self._scope_of(request), request, self._window)
        self._open.add(exchange)
        body = _Body(exchange, faults, _read_timeout(request), self._close)
        try:
            await body.begin()
        except BaseException as error:
            await body.aclose()
            if self._raises or error is not exchange.failure:
                raise
            log.error("%s: the application failed", exchange.what, exc_info=error)
            return httpx2.Response(500, text="Internal Server Error")
        return httpx2.Response(exchange.status or 0, headers=exchange.headers, stream=body)

    def _scope_of(self, request: httpx2.Request) -> Scope:
        url = request.url
        scope: Scope = {
            "type": "http",
            "asgi": dict(self._asgi),
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": (url.host, url.port or {"https": 443}.get(url.scheme, 80)),
            "extensions": {},
            **self._place,
        }
        if self._lifespan is not None:
            scope["state"] = self._lifespan.state.copy()
        return scope

    async def aclose(self) -> None:
        """Close what is open, wait until the application has returned from it, and shut the application down."""
        try:
            for exchange in list(self._open):
                if exchange.loop is not asyncio.get_running_loop():  # it ended with its loop
                    self._open.discard(exchange)
                    continue
                await self._close(exchange)
                await undisturbed(exchange.cancel())  # what went on behind a complete response
                self._note(exchange)
        finally:
            if self._lifespan is not None:
                await undisturbed(self._lifespan.shutdown())

    async def _close(self, exchange: Exchange) -> None:
        if exchange in self._open:
            try:
                await undisturbed(exchange.aclose())
            finally:
                self._note(exchange)

    def _note(self, exchange: Exchange) -> None:
        if exchange in self._open and (exchange.ended or exchange.stubborn):
            self._open.discard(exchange)
            if exchange.stubborn:
                self.stubborn.append(exchange.what)


class _Body(httpx2.AsyncByteStream):
    """A response's body as it reaches the reader, and what befalls it on the way."""

    def __init__(
        self,
        exchange: Exchange,
        faults: Faults,
        timeout: float | None,
        close: Callable[[Exchange], Awaitable[None]],
    ) -> None:
        self._exchange = exchange
        self._timeout = timeout
        self._close = close
        self._faults = faults.steps()
        self._steps: Iterator[Step] = self._faults.of(b"")
        self._over = False

    async def begin(self) -> None:
        """Wait for the response's begin."""
        await self._in_time(self._exchange.respond())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = None if self._over else await self._in_time(self._next())
        except BaseException:
            self._exchange.depart()  # a client gives up a connection on which something went wrong
            raise
        if piece is None:
            self._over = True
            raise StopAsyncIteration
        return piece

    async def _next(self) -> bytes | None:
        while True:
            for step in self._steps:
                if isinstance(step, bytes):
                    return step
                if step == "end" and self._exchange.length is None:
                    self._exchange.depart()
                    return None
                await self._suffer(step)
            data = await self._exchange.take()
            if data is None:
                return None
            self._steps = self._faults.of(data)

    async def _suffer(self, step: Step) -> None:
        if isinstance(step, float):
            await asyncio.sleep(step)
            return
        self._exchange.depart()
        if step == "disconnect":
            await asyncio.get_running_loop().create_future()
        if step == "reset":
            raise httpx2.ReadError("[Errno 104] Connection reset by peer")
        raise self._exchange.incomplete(self._faults.passed)

    async def _in_time(self, waiting: Awaitable[T]) -> T:
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                return await waiting
        except TimeoutError:
            if not limit.expired():
                raise
            raise httpx2.ReadTimeout(f"nothing came for {self._timeout:g} s") from None

    async def aclose(self) -> None:
        self._steps = iter(())
        await self._close(self._exchange)


def _read_timeout(request: httpx2.Request) -> float | None:
    timeout: float | None = request.extensions.get("timeout", {}).get("read")
    return timeout


def _answering(answer: Answer) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        headers = [(name.encode(), value.encode()) for name, value in answer.fields]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    return app
