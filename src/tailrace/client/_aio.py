"""Reading streams on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from tailrace._resume import State
from tailrace.client._answer import is_error
from tailrace.client._base import BaseConnection
from tailrace.client._request import MOST_REDIRECTS, OWN_TIMEOUT, certificates, redirected, value_of
from tailrace.client._steps import MORE
from tailrace.client._trouble import Beginning
from tailrace.errors import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator
    from typing import Self

    from tailrace._reading.handle import Handle
    from tailrace._reading.picture import Key
    from tailrace._reading.progress import Change
    from tailrace.formats import DocumentReader

T = TypeVar("T")


class Connection(BaseConnection[T]):
    """A stream that is read: items to iterate over, or a document whose parts can be awaited.

    Reads only as far as somebody waits, one piece ahead of that. Who is cancelled while he waits loses nothing.
    """

    _advancing: asyncio.Task[None] | None = None
    _serving: asyncio.Task[None] | None = None
    _leaving: asyncio.Task[None] | None = None
    _client_type = httpx2.AsyncClient
    _client: httpx2.AsyncClient | None = None
    _raw: AsyncGenerator[bytes, None] | None = None

    async def __aenter__(self) -> Self:
        """Connect, and know what comes; raises what the server says, or that there is none."""
        self.entered = True
        try:
            for _ in self._steps.beginning():
                await self.more()
            self._steps.check_begun()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._steps.left = True
        await self.close()

    def __aiter__(self) -> AsyncIterator[T]:
        """The items, each as soon as it is there; of a document that is a list, its elements."""
        return Each(self, self._steps.items())

    def changes(self) -> AsyncIterator[Change]:
        """What each record did to the document; what came before, as one change of the whole."""
        return Each(self, self._steps.changes())

    def snapshots(self) -> AsyncIterator[Any]:
        """Pictures of the document as far as it has come, one whenever more has; they do not change."""
        return Each(self, self._steps.snapshots())

    @property
    def document(self) -> Handle:
        """The whole document."""
        return self._handles.document

    def __getitem__(self, key: Key) -> Handle:
        """A part of the document."""
        return self._handles[key]

    def at(self, pointer: str) -> Handle:
        """The part at a JSON Pointer (RFC 6901); raises `ValueError` where that is none."""
        return self._handles.at(pointer)

    @property
    def _handles(self) -> DocumentReader:
        reader = self._steps.reader
        reader.reading.demand = self._demand
        return reader

    async def close(self) -> None:
        """End it at once, in whatever it is; nothing is sent any more. What came stays readable."""
        self._session.close(self._at)
        self._announce()
        if self._leaving is None or self._leaving.done():
            self._leaving = asyncio.ensure_future(self._release())
        await asyncio.shield(self._leaving)  # who is cancelled once more does not leave a socket behind

    async def _release(self) -> None:
        tasks = [task for task in (self._advancing, self._serving) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        try:
            await self._drop()
        finally:
            client, self._client = self._client, None
            if client is not None:
                await client.aclose()

    # Going on.

    async def more(self) -> None:
        """Wait until there is something new. One task reads for all who wait, and outlives each of them."""
        if self._advancing is None or self._advancing.done():
            self._advancing = asyncio.ensure_future(self._advance())
        await asyncio.wait([self._advancing])

    def _demand(self) -> None:
        """Read on, as long as somebody waits for a part of the document."""
        if self._serving is None or self._serving.done():
            self._serving = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        while self._steps.reader.reading.progress.awaited and not self._session.over:
            await self.more()

    async def _advance(self) -> None:
        session = self._session
        try:
            if session.state is State.WAITING:
                await self.clock.sleep(max(0.0, session.until - self.clock.monotonic()))
            if session.state is State.OPEN:
                await self._read()
            elif not session.over:
                await self._connect()
        except asyncio.CancelledError:
            session.close(self._at, ConnectionLost("the reading was cancelled"))
            raise
        except Exception as error:  # noqa: BLE001 - of the caller's functions, or of the client: for who waits
            session.close(self._at, error)
        if session.state is not State.OPEN:
            await self._drop()
        self._announce()

    async def _connect(self) -> None:
        session, ask = self._session, self._ask
        client: httpx2.AsyncClient = ask.client or self._own_client()
        headers, params = await _value(ask.headers), await _value(ask.params)
        request = ask.request(client, session, headers, params)
        request.extensions["trace"] = self._wire.anote
        session.connect(self._at, ask.method)
        try:
            response = await self._send(client, request)
        except httpx2.HTTPError as error:
            self._missed(error, request)
            return
        self._response = response
        if is_error(response.status_code):
            session.refuse(response.status_code, response.headers, await _start_of(response), self._at)
        elif self._received(response, self._at):
            self._raw = response.aiter_raw()

    def _own_client(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(verify=certificates(), timeout=OWN_TIMEOUT)
        return self._client

    async def _send(self, client: httpx2.AsyncClient, request: httpx2.Request) -> httpx2.Response:
        """The response, wherever redirects lead."""
        auth = self._ask.auth
        redirects = 0
        while True:
            response = await client.send(request, stream=True, auth=auth, follow_redirects=False)
            following = redirected(request, response)
            if following is None or redirects >= MOST_REDIRECTS:
                return response
            redirects += 1
            await response.aclose()
            if following.url.origin != request.url.origin:
                auth = None
            request = following

    async def _read(self) -> None:
        """Read until something new has come, or it has ended."""
        session = self._session
        before = session.count
        while session.state is State.OPEN and session.count == before:
            if self._inflate():
                await asyncio.sleep(0)  # much may come of little: others have their turn
                continue
            assert self._raw is not None  # noqa: S101 - it is open
            try:
                raw = await anext(self._raw, None)
            except httpx2.HTTPError as error:
                self._lost(error)
            else:
                self._take(raw)

    async def _drop(self) -> None:
        """Let go of the response."""
        raw, self._raw = self._raw, None
        # It is over, whatever the connection says; and at the loop's end others close what is to be closed.
        with contextlib.suppress(httpx2.HTTPError, RuntimeError):
            if raw is not None:
                await raw.aclose()
            if self._response is not None:
                await self._response.aclose()


async def _value(given: Any) -> Any:
    """What was given, or what it gives for this connection."""
    value = value_of(given)
    return await value if inspect.isawaitable(value) else value


async def _start_of(response: httpx2.Response) -> bytes:
    """The body of an error, as far as it is looked at."""
    body = Beginning(response)
    with contextlib.suppress(httpx2.HTTPError):  # the status says enough
        async with contextlib.aclosing(response.aiter_bytes()) as parts:
            async for part in parts:
                if not body.wants(part):
                    break
    return body.bytes


class Each:
    """What a connection gives, one by one. In one that was entered, whoever is cancelled while he waits may go on."""

    # Not an async generator, which a cancellation ends.

    def __init__(self, connection: Connection[Any], steps: Generator[Any]) -> None:
        self._connection = connection
        self._steps = steps
        self._guard: AsyncGenerator[None, None] | None = None
        self._cancelled = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._guard is None:
            self._guard = _guard(self._connection)
            await anext(self._guard)
        try:
            for step in self._steps:
                if step is not MORE:
                    return step
                await self._connection.more()
        except BaseException as error:
            self._cancelled = isinstance(error, asyncio.CancelledError)
            if not (self._cancelled and self._connection.entered):
                await self.aclose()
            raise
        await self.aclose()
        if self._cancelled and not self._connection.entered:
            raise ConnectionLost(
                "the reading was cancelled; one that was entered (`async with`) goes on then"
            )
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give no more; and where it was not entered, close the connection."""
        self._steps.close()
        if self._guard is not None:
            await self._guard.aclose()


async def _guard(connection: Connection[Any]) -> AsyncGenerator[None, None]:
    """What the event loop closes when its iterator is dropped before the end, as by `break`."""
    try:
        yield
    finally:
        if not connection.entered:
            await connection.__aexit__()
