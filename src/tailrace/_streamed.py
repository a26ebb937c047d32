"""A stream and how requests for it are answered, whatever carries the answer."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

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
from tailrace._source import content_of
from tailrace._tree import missing
from tailrace._typed import T, Typed
from tailrace._validate import checked_tree, converter
from tailrace.errors import InvalidAccept, NotAcceptable, Unfit
from tailrace.formats import Checked, DocumentFormat, Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tailrace._finish import OnFinish
    from tailrace._model import Reason
    from tailrace._source import Given
    from tailrace.formats import Encoder


READING_TIME: Final = 0.1
"""Seconds between the last byte of a failed body and the abort, unless the client leaves before."""


class Asked(NamedTuple):
    """What a request says about its answer; of each header field all values (RFC 9110 5.2)."""

    method: str
    query: str
    accept: Sequence[str]
    accept_encoding: Sequence[str]
    last_event_id: Sequence[str]


class Whole(NamedTuple):
    """A response that is there: no stream, but what is answered in its place."""

    status: int
    headers: RawHeaders
    body: bytes = b""

    @property
    def sized(self) -> RawHeaders:
        """Its header fields, with the length of a body where there is one."""
        length = [(b"content-length", b"%d" % len(self.body))] if self.body else []
        return [*self.headers, *length]


@dataclass(frozen=True, slots=True)
class Plan:
    """How one request is answered; with `instead`, no source is started for it."""

    encoder: Encoder
    status: int
    headers: RawHeaders
    coding: str | None = None
    instead: Whole | None = None
    reason: Reason | None = None
    """Why there is no source, unless it is that none was wanted."""
    others: tuple[str, ...] = ()
    """The media types on offer beside the chosen format's."""


class Streamed(Typed[T]):
    """Content and options, checked: what every framework's stream is made of."""

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
        self.content = content_of(content)
        if isinstance(self.content, Document) and self.item_type is not None:
            self.content = _checked_document(self.content, self.item_type)
        check_options(status_code, delivery, on_finish)
        self.status_code = int(status_code)
        self.raw_headers = raw_headers(headers)
        if filename is not None:
            if b"content-disposition" in dict(self.raw_headers):
                raise ValueError("expected filename= or a Content-Disposition in headers=, got both")
            self.raw_headers.append(attachment(filename))
        self._offer = offer_of(formats, self.content)
        self._encoder = check_encoder(encoder)
        self.delivery = delivery
        self._on_finish = on_finish
        self._context = contextvars.copy_context()

    def plan(self, asked: Asked, chosen: tuple[Format, str] | None = None) -> Plan:
        """The answer to a request, as far as it is known before the source has run.

        `chosen` is the format and its media type where the framework has negotiated.
        """
        try:
            format_, media_type = chosen or choose(asked.accept, self._offer, asked.query)
        except InvalidAccept as error:
            return self._refused(Problem(title="Bad Request", status=400, detail=str(error)), asked)
        except NotAcceptable as error:
            return self._refused(_not_acceptable(str(error), error.available), asked)
        encoder = self._encoder_for(format_)
        codings = self._codings(encoder)
        coding = choose_coding(asked.accept_encoding, codings) if codings else None
        headers = stream_headers(media_type, self.raw_headers, varies=_varies(codings), coding=coding)
        instead: Whole | None = None
        reason: Reason | None = None
        if encoder.terminal_id is not None and encoder.terminal_id in asked.last_event_id:
            # The reader has seen the end: 204 tells an EventSource to stop (WHATWG HTML 9.2.3).
            instead = Whole(204, [(b"cache-control", b"no-store")])
        elif asked.method == "HEAD":
            instead, reason = Whole(self.status_code, headers), "head"
        others = [one for one in self._offer if type(one) is not type(format_)]
        return Plan(encoder, self.status_code, headers, coding, instead, reason, tuple(available(others)))

    def context(self) -> contextvars.Context:
        """The one that the content was made in, for its source alone."""
        return self._context.copy()

    def within(self, call: Callable[..., Any], *args: Any) -> None:
        """Make a call in that context, such as one that sets a variable."""
        self._context.run(call, *args)

    def pump(self, plan: Plan, context: contextvars.Context | None = None) -> Pump:
        """What runs the source, within the loop that serves the request; it waits for `Pump.begin`."""
        pump = Pump(
            self.content,
            plan.encoder,
            self.delivery,
            self._on_finish,
            context or self.context(),
            None if plan.coding is None else compressor(plan.coding),
        )
        if plan.reason is not None:
            pump.interrupt(plan.reason)
        return pump

    async def begin(
        self, pump: Pump, plan: Plan, is_frameworks: Callable[[BaseException], bool]
    ) -> Whole | None:
        """Start the source; what is answered in its place, where it failed before its first item.

        Raises what it raised, if the framework is to answer that.
        """
        content_of(self.content)
        error = None if _sent_away(pump) else await pump.begin()
        if error is None:
            refusal = _sent_away(pump)
            return None if refusal is None else whole_problem(refusal)
        if is_unfit(error, plan):
            # The items are none for the format that was asked for: the client may ask for another.
            log.info("a stream is not acceptable: %s", error.__cause__)
            return whole_problem(_not_acceptable(str(error.__cause__), list(plan.others)))
        if is_frameworks(error):
            raise error
        return whole_problem(pump.problem())

    def _refused(self, problem: Problem, asked: Asked) -> Plan:
        """The answer to a request that asks for nothing on offer."""
        del asked
        instead = whole_problem(problem)
        return Plan(self._encoder_for(self._offer[0]), instead.status, instead.headers, instead=instead)

    def _encoder_for(self, format_: Format) -> Encoder:
        if isinstance(self.content, Document):
            return cast("DocumentFormat", format_).document(self._encoder)
        encoder = format_.encoder(self._encoder)
        return encoder if self.item_type is None else Checked(encoder, converter(self.item_type))

    def _codings(self, encoder: Encoder) -> tuple[str, ...]:
        codings = self.delivery.compression
        encoded = codings and b"content-encoding" in dict(self.raw_headers)
        return codings if encoder.compressible and not encoded else ()


def whole_problem(problem: Problem) -> Whole:
    """A problem document as a response (RFC 9457)."""
    return Whole(problem.status, problem_headers(), dumps(problem.members()))


def is_unfit(error: BaseException | None, plan: Plan) -> bool:
    """Whether the format was the wrong one for the items, and there are others: no failure of the source."""
    return error is not None and isinstance(error.__cause__, Unfit) and bool(plan.others)


def content_length(pump: Pump, plan: Plan) -> RawHeaders:
    """Content-Length, where the whole body is there."""
    if not pump.encoder.whole or b"content-encoding" in dict(plan.headers):
        return []
    return [(b"content-length", b"%d" % sum(map(len, pump.frames)))]


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


def _not_acceptable(detail: str, available: list[str]) -> Problem:
    return Problem(title="Not Acceptable", status=406, detail=detail, extensions={"available": available})


def _sent_away(pump: Pump) -> Problem | None:
    """What to answer for a stream that was ended before it had an item, unless its body can say so."""
    if pump.frames or pump.first_item is not None or pump.encoder.leave() is not None:
        return None
    return SENT_AWAY.get(pump.reason)


def _varies(codings: Sequence[str]) -> tuple[bytes, ...]:
    return (b"Accept", b"Accept-Encoding") if codings else (b"Accept",)
