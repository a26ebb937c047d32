"""`Stream` as a bare ASGI application; what Starlette's and FastAPI's are made of."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from tailrace._problem import log
from tailrace._send import Outlet
from tailrace._servers import waits_for_ever
from tailrace._streamed import READING_TIME, Asked, Plan, Streamed, Whole, content_length, is_unfit
from tailrace._typed import T
from tailrace.drain import current_drain

if TYPE_CHECKING:
    from tailrace._drive import Pump
    from tailrace._headers import RawHeaders

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Stream(Streamed[T]):
    """A response whose body is written while its items come.

    `content` is an async or a sync iterable of items; a sync one runs in a thread of its own. Or it is a document:
    a tree, such as a dict or a model, of which parts may be awaitables and async iterables. `formats` are the
    representations on offer, chosen by the request's Accept. `encoder` writes JSON instead of msgspec: a callable or
    a `json.JSONEncoder` class. `on_finish` is called once with the `Outcome`. `filename` is what a browser saves the
    body under (RFC 6266).

    `Stream[Order](items)` makes each item an `Order` first: a dataclass, a `Struct`, a model, or whatever msgspec
    or pydantic know. What cannot be one is an error of the source. `Stream(items)` checks nothing.

    An error before the first item becomes the response: an `Abort`'s problem, else a masked 500. A later
    one ends the body so that no reader can take it for complete, and aborts the transfer.

    Raises `TypeError` where `content` is no iterable of items or `formats` are none.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise TypeError(f"Stream answers http requests, not {scope['type']}")
        plan = self.plan(asked(scope))
        pump, drain = self.pump(plan), current_drain()
        try:
            if plan.instead is not None:
                await self._send_whole(plan.instead, send)
            else:
                if drain is not None:
                    drain.join(pump)
                await self._stream(scope, receive, send, pump, plan)
        except Exception as error:
            pump.interrupt("failed", error)
            raise
        finally:
            try:
                await pump.aclose()
            finally:
                # Behind the source's `finally`: the process may end with its last stream.
                if drain is not None:
                    drain.part(pump)

    async def _stream(self, scope: Scope, receive: Receive, send: Send, pump: Pump, plan: Plan) -> None:
        self._before_start(scope)
        listener = asyncio.create_task(_listen(receive, pump))
        try:
            instead = await self.begin(pump, plan, lambda error: self._is_frameworks(error, scope))
            if instead is not None:
                await self._send_whole(instead, send)
            else:
                outlet = Outlet(
                    pump, send, timeout=self.delivery.send_timeout, end_failed=waits_for_ever(scope)
                )
                await outlet.run(_start(plan.status, [*plan.headers, *content_length(pump, plan)]))
                if pump.exhausted and not pump.sound:
                    # To return is to abort, and then a browser drops what its page has not read yet.
                    await asyncio.wait([listener], timeout=READING_TIME)
        except Exception:
            listener.cancel()
            await asyncio.wait([listener])  # whoever answers may call `receive`
            raise
        finally:
            listener.cancel()
        if pump.error is not None and not is_unfit(pump.error, plan):
            self._after_failure(pump.error, scope)

    async def _send_whole(self, whole: Whole, send: Send) -> None:
        with contextlib.suppress(OSError):  # nobody is there to read it, or not in time
            async with asyncio.timeout(self.delivery.send_timeout):
                await send(_start(whole.status, whole.sized))
                await send({"type": "http.response.body", "body": whole.body, "more_body": False})

    def _before_start(self, scope: Scope) -> None:
        """Do what the framework needs before the source runs."""

    def _after_failure(self, error: BaseException, scope: Scope) -> None:
        """Raise what the framework has to know, once the client knows it."""

    def _is_frameworks(self, error: BaseException, scope: Scope) -> bool:
        """Whether `error`, raised before the first item, is for the framework to answer."""
        del error, scope
        return False


async def _listen(receive: Receive, pump: Pump) -> None:
    """Interrupt the pump once the client has gone; a body that nobody has read is dropped."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except Exception:  # noqa: BLE001 - whatever it is, the stream goes on
        log.exception("receive() raised: that the client leaves will be noticed by sending only")
    else:
        pump.interrupt("disconnected")


def asked(scope: Scope) -> Asked:
    """What a request says about its answer."""
    return Asked(
        method=scope["method"],
        query=bytes(scope.get("query_string", b"")).decode("latin-1"),
        accept=_fields(scope, b"accept"),
        accept_encoding=_fields(scope, b"accept-encoding"),
        last_event_id=_fields(scope, b"last-event-id"),
    )


def _start(status: int, headers: RawHeaders) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _fields(scope: Scope, name: bytes) -> list[str]:
    """The values of the request's fields with that name (RFC 9110 5.2)."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
