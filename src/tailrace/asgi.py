"""`Stream` as a bare ASGI application; what the frameworks' own are made of."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from tailrace._compress import choose_coding, compressor
from tailrace._drive import Pump
from tailrace._finish import SENT_AWAY, closed_at_once
from tailrace._headers import RawHeaders, attachment, problem_headers, raw_headers, stream_headers
from tailrace._holes import Document
from tailrace._json import ForeignEncoder, check_encoder, dumps
from tailrace._model import Delivery, Problem
from tailrace._negotiate import available, choose
from tailrace._options import FORMATS, check_options, offer_of
from tailrace._problem import log
from tailrace._send import Outlet
from tailrace._servers import waits_for_ever
from tailrace._source import content_of
from tailrace._tree import missing
from tailrace._typed import T, Typed
from tailrace._validate import checked_tree, converter
from tailrace.drain import current_drain
from tailrace.errors import InvalidAccept, NotAcceptable, Unfit
from tailrace.formats import (
    Checked,
    DocumentFormat,
    Format,
)

if TYPE_CHECKING:
    from tailrace._finish import OnFinish
    from tailrace._source import Given
    from tailrace.formats import Encoder

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_READING_TIME: Final = 0.1
"""Seconds between the last byte of a failed body and the abort, unless the client leaves before."""


class Stream(Typed[T]):
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

    def __init__(
        self,
        content: Given,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        formats: Iterable[Format] = FORMATS,
        encoder: ForeignEncoder | None = None,
        delivery: Delivery = Delivery(),
        on_finish: OnFinish | None = None,
        filename: str | None = None,
    ) -> None:
        self._content = content_of(content)
        if isinstance(self._content, Document) and self.item_type is not None:
            self._content = _checked_document(self._content, self.item_type)
        check_options(status_code, delivery, on_finish)
        self.status_code = int(status_code)
        self.raw_headers = raw_headers(headers)
        if filename is not None:
            if b"content-disposition" in dict(self.raw_headers):
                raise ValueError("expected filename= or a Content-Disposition in headers=, got both")
            self.raw_headers.append(attachment(filename))
        self._offer = offer_of(formats, self._content)
        self._encoder = check_encoder(encoder)
        self._delivery = delivery
        self._on_finish = on_finish
        self._context = contextvars.copy_context()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise TypeError(f"Stream answers http requests, not {scope['type']}")
        try:
            query = bytes(scope.get("query_string", b"")).decode("latin-1")
            format_, media_type = choose(_fields(scope, b"accept"), self._offer, query)
        except InvalidAccept as error:
            await self._refuse(Problem(title="Bad Request", status=400, detail=str(error)), send)
        except NotAcceptable as error:
            await self._refuse(_not_acceptable(str(error), error.available), send)
        else:
            await self._answer(scope, receive, send, format_, media_type)

    async def _refuse(self, problem: Problem, send: Send) -> None:
        pump = self._pump(self._encoder_for(self._offer[0]))
        try:
            await self._send_problem(problem, send)
        finally:
            await pump.aclose()

    def _encoder_for(self, format_: Format) -> Encoder:
        if isinstance(self._content, Document):
            return cast("DocumentFormat", format_).document(self._encoder)
        encoder = format_.encoder(self._encoder)
        return encoder if self.item_type is None else Checked(encoder, converter(self.item_type))

    def _codings(self, encoder: Encoder) -> tuple[str, ...]:
        codings = self._delivery.compression
        encoded = codings and b"content-encoding" in dict(self.raw_headers)
        return codings if encoder.compressible and not encoded else ()

    def _pump(self, encoder: Encoder, coding: str | None = None) -> Pump:
        return Pump(
            self._content,
            encoder,
            self._delivery,
            self._on_finish,
            self._context.copy(),
            None if coding is None else compressor(coding),
        )

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, format_: Format, media_type: str
    ) -> None:
        encoder = self._encoder_for(format_)
        codings = self._codings(encoder)
        coding = choose_coding(_fields(scope, b"accept-encoding"), codings) if codings else None
        headers = stream_headers(media_type, self.raw_headers, varies=_varies(codings), coding=coding)
        pump, drain = self._pump(encoder, coding), current_drain()
        try:
            if encoder.terminal_id is not None and encoder.terminal_id in _fields(scope, b"last-event-id"):
                # The reader has seen the end: 204 tells an EventSource to stop (WHATWG HTML 9.2.3).
                await self._send_whole(204, [(b"cache-control", b"no-store")], b"", send)
            elif scope["method"] == "HEAD":
                pump.interrupt("head")
                await self._send_whole(self.status_code, headers, b"", send)
            else:
                if drain is not None:
                    drain.join(pump)
                await self._stream(scope, receive, send, pump, format_, headers)
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

    async def _stream(
        self, scope: Scope, receive: Receive, send: Send, pump: Pump, format_: Format, headers: RawHeaders
    ) -> None:
        content_of(self._content)
        self._before_start(scope)
        listener = asyncio.create_task(_listen(receive, pump))
        try:
            error = None if _refusal(pump) else await pump.begin()
            if error is None and (refusal := _refusal(pump)):
                await self._send_problem(refusal, send)
            elif error is None:
                outlet = Outlet(
                    pump, send, timeout=self._delivery.send_timeout, end_failed=waits_for_ever(scope)
                )
                await outlet.run(_start(self.status_code, [*headers, *_length(pump, headers)]))
                if pump.exhausted and not pump.sound:
                    # To return is to abort, and then a browser drops what its page has not read yet.
                    await asyncio.wait([listener], timeout=_READING_TIME)
            elif isinstance(error.__cause__, Unfit) and (others := self._but(format_)):
                # The items are none for the format that was asked for: the client may ask for another.
                log.info("a stream is not acceptable: %s", error.__cause__)
                await self._send_problem(_not_acceptable(str(error.__cause__), others), send)
                return
            elif self._is_frameworks(error, scope):
                listener.cancel()
                await asyncio.wait([listener])  # whoever answers may call `receive`
                raise error
            else:
                await self._send_problem(pump.problem(), send)
        finally:
            listener.cancel()
        if pump.error is not None:
            self._after_failure(pump.error, scope)

    def _but(self, format_: Format) -> list[str]:
        """What is on offer beside a format."""
        return available([one for one in self._offer if type(one) is not type(format_)])

    async def _send_problem(self, problem: Problem, send: Send) -> None:
        await self._send_whole(problem.status, problem_headers(), dumps(problem.members()), send)

    async def _send_whole(self, status: int, headers: RawHeaders, body: bytes, send: Send) -> None:
        if body:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        with contextlib.suppress(OSError):  # nobody is there to read it, or not in time
            async with asyncio.timeout(self._delivery.send_timeout):
                await send(_start(status, headers))
                await send({"type": "http.response.body", "body": body, "more_body": False})

    def _before_start(self, scope: Scope) -> None:
        """Do what the framework needs before the source runs."""

    def _after_failure(self, error: BaseException, scope: Scope) -> None:
        """Raise what the framework has to know, once the client knows it."""

    def _is_frameworks(self, error: BaseException, scope: Scope) -> bool:
        """Whether `error`, raised before the first item, is for the framework to answer."""
        del error, scope
        return False


def _checked_document(document: Document, item_type: Any) -> Document:
    """The same with a tree of that type; what is not in it any more is closed."""
    kept: set[int] = set()
    try:
        tree = checked_tree(document.content, item_type)
        kept.update(map(id, missing(tree)))
    finally:
        for part in missing(document.content):
            if id(part) not in kept:
                closed_at_once(part)
    return document.replaced(content=tree)


async def _listen(receive: Receive, pump: Pump) -> None:
    """Interrupt the pump once the client has gone; a body that nobody has read is dropped."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except Exception:  # noqa: BLE001 - whatever it is, the stream goes on
        log.exception("receive() raised: that the client leaves will be noticed by sending only")
    else:
        pump.interrupt("disconnected")


def _not_acceptable(detail: str, available: list[str]) -> Problem:
    return Problem(title="Not Acceptable", status=406, detail=detail, extensions={"available": available})


def _refusal(pump: Pump) -> Problem | None:
    """What to answer for a stream that was ended before it had an item, unless its body can say so."""
    if pump.frames or pump.first_item is not None or pump.encoder.leave() is not None:
        return None
    return SENT_AWAY.get(pump.reason)


def _varies(codings: Sequence[str]) -> tuple[bytes, ...]:
    return (b"Accept", b"Accept-Encoding") if codings else (b"Accept",)


def _length(pump: Pump, headers: RawHeaders) -> RawHeaders:
    """Content-Length, where the whole body is there."""
    if not pump.encoder.whole or b"content-encoding" in dict(headers):
        return []
    return [(b"content-length", b"%d" % sum(map(len, pump.frames)))]


def _start(status: int, headers: RawHeaders) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _fields(scope: Scope, name: bytes) -> list[str]:
    """The values of the request's fields with that name (RFC 9110 5.2)."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
