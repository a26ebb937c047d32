"""One request and its response: an ASGI application on one side, its reader on the other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import httpx2

from tailrace.testing._upload import Upload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

PATIENCE: Final = 10.0
"""Seconds that an application may go on for once its reader has gone."""

log: Final = logging.getLogger("tailrace.testing")

_SENDS_RAISE: Final = (2, 4)
"""The version of the specification from which on `send` raises once the reader has gone."""

BODILESS: Final = frozenset({204, 304})
"""The statuses of responses that have no body (RFC 9112 6.3)."""


class Exchange:
    """The server between the two: it holds at most `window` bytes before a `send` waits."""

    def __init__(self, app: ASGIApp, scope: Scope, request: httpx2.Request, window: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.stubborn = False
        """Whether the application had to be cancelled."""
        self.what = f"{scope['method']} {scope['path']}"
        self._window = window
        version = scope["asgi"].get("spec_version", "2.0")
        self._raises = tuple(map(int, version.split("."))) >= _SENDS_RAISE
        self._bodiless = scope["method"] == "HEAD"
        self._pieces: deque[bytes] = deque()
        self._held = self._sent = 0
        self.length: int | None = None
        """The bytes of body that were promised."""
        self._over = self._departed = False
        self.failure: BaseException | None = None
        """What the application raised."""
        self._upload_error: Exception | None = None
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._gone: asyncio.Future[None] = self.loop.create_future()
        self._upload = Upload(request)
        self._task = self.loop.create_task(self._run(app, scope))
        self._task.add_done_callback(self._returned)

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive, self._send)
        finally:
            await self._upload.aclose()

    # The application's side.

    async def _receive(self) -> Message:
        if not self._upload.over and not self._gone.done():
            try:
                message = await self._upload.message(self._gone)
            except Exception as error:  # noqa: BLE001 - the caller's own: it goes to the caller
                self._upload_error = error
                self.depart()
            else:
                if message is not None:
                    return message
        await asyncio.wait([self._gone])
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if self._departed:
            await self._sent_in_vain()
        elif self.status is None:
            if kind != "http.response.start":
                raise RuntimeError(f"expected the message http.response.start, got {kind}")
            self._start(message)
        elif self._over:
            raise RuntimeError(f"the response was complete, and the message {kind} came")
        elif kind != "http.response.body":
            raise RuntimeError(f"expected the message http.response.body, got {kind}")
        else:
            await self._body(bytes(message.get("body", b"")), more=message.get("more_body", False))

    async def _sent_in_vain(self) -> None:
        # A real server may not let others have their turn here: who never waits then stops the whole test.
        await asyncio.sleep(0)
        if self._raises:
            raise OSError("the reader has gone")

    def _start(self, message: Message) -> None:
        self.headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        self.status = int(message["status"])
        if self.status in BODILESS:
            self.length = 0
        elif not self._bodiless:
            lengths = [value for name, value in self.headers if name.lower() == b"content-length"]
            self.length = int(lengths[0]) if lengths else None
        self._news.set()

    async def _body(self, body: bytes, *, more: bool) -> None:
        if self._bodiless:
            body = b""
        elif self.length is not None and self._sent + len(body) > self.length:
            raise RuntimeError(f"the body is longer than its Content-Length of {self.length}")
        self._sent += len(body)
        if body:
            self._pieces.append(body)
            self._held += len(body)
        if not more and self.length is not None and not self._bodiless and self._sent < self.length:
            raise RuntimeError(f"the body has {self._sent} bytes, its Content-Length is {self.length}")
        self._over = not more
        self._news.set()
        if self._over:
            self._is_gone()
        elif self._held > self._window:
            await self._taken()

    async def _taken(self) -> None:
        while self._held and not self._departed:
            self._room.clear()
            await self._room.wait()
        if self._departed and self._raises:
            raise OSError("the reader has gone")

    def _returned(self, task: asyncio.Task[None]) -> None:
        error = RuntimeError("the application was cancelled") if task.cancelled() else task.exception()
        if error is None and self.status is None and not self._departed:
            error = RuntimeError("the application returned without a response")
        if error is not None and self.status is not None and not self.stubborn:
            log.error("%s: the application failed in its response", self.what, exc_info=error)
        self.failure = error
        self._is_gone()
        self._news.set()

    def _is_gone(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)

    # The reader's side.

    async def respond(self) -> None:
        """Wait until the response has begun; raises what the application raised instead."""
        while self.status is None:
            if self._upload_error is not None:
                raise self._upload_error
            if self.failure is not None:
                raise self.failure
            await self._next_news()

    async def take(self) -> bytes | None:
        """The next piece of the body, None behind the last; raises as for a transfer that is cut."""
        while not self._pieces:
            if self._complete:
                return None
            if self._departed:
                raise self._upload_error or httpx2.ReadError("the connection is closed")
            if self._task.done():
                self._raise_foreign()
                raise self.incomplete(self._sent) from self.failure
            await self._next_news()
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if not self._held:
            self._room.set()
        return piece

    async def _next_news(self) -> None:
        self._news.clear()
        await self._news.wait()

    @property
    def _complete(self) -> bool:
        """Whether the reader has all, or will: whoever knows the length needs no last message."""
        return self._over or (self.length is not None and self._sent >= self.length)

    def incomplete(self, received: int) -> httpx2.RemoteProtocolError:
        """What a reader gets whose body is cut behind so many bytes."""
        return incomplete(received, self.length)

    def depart(self) -> None:
        """Leave: the application is told."""
        if not self._complete:
            self._departed = True
        self._pieces.clear()
        self._held = 0
        self._is_gone()
        self._room.set()
        self._news.set()

    async def aclose(self) -> None:
        """Leave, and wait until the application has returned; who does not in time is cancelled."""
        self.depart()
        await asyncio.wait([self._task], timeout=PATIENCE)
        if not self._complete:
            await self.cancel()
        self._raise_foreign()

    def _raise_foreign(self) -> None:
        """Raise what is no error of the application, such as pytest's own exceptions: it is meant for the test."""
        error = self.failure
        if error is not None and not isinstance(error, Exception):
            self.failure = None
            raise error

    async def cancel(self) -> None:
        """End the application, if it has not returned."""
        if self._task.done():
            return
        log.warning("%s: the application goes on %g s after its reader has gone", self.what, PATIENCE)
        self.stubborn = True
        self._task.cancel()
        await asyncio.wait([self._task], timeout=PATIENCE)

    @property
    def ended(self) -> bool:
        """Whether the application has returned."""
        return self._task.done()


def incomplete(received: int, length: int | None) -> httpx2.RemoteProtocolError:
    """The error of a body that is cut, in the words of httpx2."""
    how = "incomplete chunked read" if length is None else f"received {received} bytes, expected {length}"
    return httpx2.RemoteProtocolError(f"peer closed connection without sending complete message body ({how})")
