"""Reading streams on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, overload

import httpx2

from tailrace._model import Limits
from tailrace._resume import State
from tailrace.client._answer import is_error
from tailrace.client._base import MORE, BaseConnection
from tailrace.client._request import MOST_REDIRECTS, Beginning, redirected, value_of
from tailrace.errors import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator
    from typing import Self, Unpack

    from tailrace._reading.handle import Handle
    from tailrace._reading.picture import Key
    from tailrace._reading.progress import Change
    from tailrace._resume import Resume
    from tailrace.client._news import OnNews
    from tailrace.client._request import AsyncRequestOptions
    from tailrace.formats import DocumentReader, Format

T = TypeVar("T")


class Connection(BaseConnection[T]):
    """A stream that is read: items to iterate over, or a document whose parts can be awaited.

    Reads only as far as somebody waits, one piece ahead of that. Who is cancelled while he waits loses nothing.
    """

    _advancing: asyncio.Task[None] | None = None
    _serving: asyncio.Task[None] | None = None
    _leaving: asyncio.Task[None] | None = None
    _client: httpx2.AsyncClient | None = None
    _raw: AsyncGenerator[bytes, None] | None = None

    async def __aenter__(self) -> Self:
        """Connect, and know what comes; raises what the server says, or that there is none."""
        self._entered = True
        try:
            for _ in self._beginning():
                await self._more()
            self._check_begun()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[T]:
        """The items, each as soon as it is there; of a document that is a list, its elements."""
        return self._each(self._items())

    def changes(self) -> AsyncIterator[Change]:
        """What each record did to the document; what came before, as one change of the whole."""
        return self._each(self._changes())

    def snapshots(self) -> AsyncIterator[Any]:
        """Pictures of the document as far as it has come, one whenever more has; they do not change."""
        return self._each(self._snapshots())

    async def _each(self, steps: Generator[Any]) -> AsyncIterator[Any]:
        try:
            for step in steps:
                if step is MORE:
                    await self._more()
                else:
                    yield step
        finally:
            steps.close()
            if not self._entered:
                await self.close()

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
        reader = self._reader
        reader.reading.demand = self._demand
        return reader

    async def close(self) -> None:
        """End it at once, in whatever it is; nothing is sent any more. What came stays readable."""
        self._session.close(self._at)
        if self._leaving is None or self._leaving.done():
            self._leaving = asyncio.ensure_future(self._release())
        await asyncio.shield(self._leaving)  # who is cancelled once more does not leave a socket behind

    async def _release(self) -> None:
        tasks = [task for task in (self._advancing, self._serving) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._drop()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # Going on.

    async def _more(self) -> None:
        """Wait until there is something new. One task reads for all who wait, and outlives each of them."""
        if self._advancing is None or self._advancing.done():
            self._advancing = asyncio.ensure_future(self._advance())
        await asyncio.wait([self._advancing])

    def _demand(self) -> None:
        """Read on, as long as somebody waits for a part of the document."""
        if self._serving is None or self._serving.done():
            self._serving = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        while self._reader.reading.progress.awaited and not self._session.over:
            await self._more()

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
        if is_error(response.status_code):
            self._response = response
            session.refuse(response.status_code, response.headers, await _start_of(response), self._at)
        elif self._received(response, self._at):
            self._raw = response.aiter_raw()

    def _own_client(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient()
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
        with contextlib.suppress(httpx2.HTTPError):  # it is over, whatever the connection says
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


@overload
def connect(
    url: str,
    type: None = None,
    *,
    format: Format | None = None,
    resume: Resume | bool = True,
    limits: Limits = ...,
    last_event_id: str | None = None,
    on_news: OnNews | None = None,
    **request: Unpack[AsyncRequestOptions],
) -> Connection[Any]: ...
@overload
def connect(
    url: str,
    type: type[T],
    *,
    format: Format | None = None,
    resume: Resume | bool = True,
    limits: Limits = ...,
    last_event_id: str | None = None,
    on_news: OnNews | None = None,
    **request: Unpack[AsyncRequestOptions],
) -> Connection[T]: ...
def connect(
    url: str,
    type: Any = None,  # noqa: A002 - the word for it
    *,
    format: Format | None = None,  # noqa: A002 - the word for it
    resume: Resume | bool = True,
    limits: Limits = Limits(),
    last_event_id: str | None = None,
    on_news: OnNews | None = None,
    **request: Unpack[AsyncRequestOptions],
) -> Connection[Any]:
    """Read a stream; nothing happens before it is entered (`async with`) or iterated over.

    The response's Content-Type decides what it is: items (lines of JSON, an array, a sequence, events, rows of CSV,
    pieces of text or bytes) or a document (progressive JSON, or JSON that is no array). `type` is what each item is
    made: a class that msgspec or pydantic knows, `Event` for the events themselves, or `Document` for what is to
    be read as one whatever it comes in. `format` overrules the Content-Type, and is what is asked for.

    `resume`: how it comes back when the connection is lost, as `Resume` has it; False: not at all. Events go on behind
    the last one; anything else is only tried again before it has begun. `last_event_id`: where to begin.
    `on_news` is called with `Opened`, `Reconnecting`, `Gap` and `Closed`.

    `request`: `method`, `headers`, `params`, `content`, `json`, `data`, `auth`, and `client`, the
    `httpx2.AsyncClient` to send it with. `headers` and `params` may be functions, async or not, which are called for
    every connection, and once more at a 401.

    Raises `StreamFailed` with the problem that the server has, in a status or in the body; `Truncated` where the body
    has no end; `DecodeError` for what breaks its format or is not of the type; `LimitExceeded`; `ConnectionLost`.
    """
    return Connection(
        url,
        Any if type is None else type,
        request,
        format=format,
        resume=resume,
        limits=limits,
        last_event_id=last_event_id,
        on_news=on_news,
    )
