"""What a body is read as: its media type decides, unless the user does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tailrace._event import Event
from tailrace._holes import Document
from tailrace._items import converter_of, decoder_of, recoder_of
from tailrace._media import MediaRange, media_type
from tailrace._model import Limits
from tailrace.client._answer import is_true
from tailrace.client._body import Body, Items, Whole
from tailrace.client._charset import recoded
from tailrace.client._events import Events
from tailrace.errors import DecodeError
from tailrace.formats import CSV, JSON, NDJSON, Bytes, DocumentFormat, EventStream, JSONSeq, Progressive, Text
from tailrace.formats._content_type import format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tailrace._json import Decode
    from tailrace.formats import Decoder, Format

    Choice = Callable[[bytes], Body | None]
    """Gives the body to read; None as long as its first bytes do not tell."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants a body to be read as. Raises `TypeError` for a type of items that is none."""

    type: Any = Any
    format: Format | None = None
    limits: Limits = Limits()
    last_event_id: str | None = None
    """Where the first body begins."""

    def __post_init__(self) -> None:
        """Refuse what can only fail later."""
        if self.type is not Document and self.type is not Event:
            decoder_of(self.type)
        if self.format is not None and not hasattr(self.format, "decoder"):
            raise TypeError(f"format={self.format!r}: expected a format such as NDJSON()")
        if self.whole and self.format is not None and not isinstance(self.format, DocumentFormat):
            raise TypeError(f"format={self.format!r}: expected a format of documents, such as Progressive()")

    @property
    def whole(self) -> bool:
        """Whether it is to be a document, whatever frames it."""
        return self.type is Document

    @property
    def by(self) -> Decode:
        """What makes an item of its JSON text."""
        return msgspec.json.decode if self.type is Event else decoder_of(self.type)

    @property
    def make(self) -> Callable[[Any], Any] | None:
        """What makes an item of its value, where that is something else: without events, an event is its data."""
        return Event if self.type is Event else None

    def finished(self, document: Any) -> Any:
        """A finished document as the type, or where it is a list its elements."""
        if self.whole or self.type is Event:
            return document
        make = recoder_of(self.type)
        return [make(one) for one in document] if isinstance(document, list) else make(document)  # pyright: ignore[reportUnknownVariableType] - of anything

    @property
    def accept(self) -> str:
        """What a request says that it takes, the best first (RFC 9110 12.5.1)."""
        if self.format is not None:
            return ", ".join([*self.format.media_types, "*/*;q=0.1"])
        return _ACCEPT_DOCUMENT if self.whole else _ACCEPT


# Events can be resumed and say when they end, so items are best in events; a server of tailrace prefers progressive
# JSON for a document. The rest is in the order of what a reader learns from it.
_ACCEPT: Final = (
    "text/event-stream, application/x-progressive-json;v=2, application/x-ndjson;end=1;q=0.9, "
    "application/x-ndjson;q=0.8, application/jsonl;q=0.8, application/json-seq;q=0.7, application/json;q=0.6, "
    "application/x-progressive-json;q=0.5, */*;q=0.1"
)
_ACCEPT_DOCUMENT: Final = (
    "application/x-progressive-json;v=2, application/x-progressive-json;q=0.9, text/event-stream;q=0.8, "
    "application/json;q=0.7"
)


def choose(asked: Asked, headers: Mapping[str, str]) -> Choice:
    """How a response's body is to be read."""
    form = asked.format or format_of(_said(headers))
    # By its class: a format of the user's own may have any name.
    kinds = (kind for kind in type(form).__mro__ if kind in _READERS)
    body = _READERS.get(next(kinds, None), _by_its_decoder)
    return body(form, asked, headers)


def _said(headers: Mapping[str, str]) -> MediaRange | None:
    """The media type that a response says; None where it says none."""
    try:
        return media_type(headers.get("content-type", "").strip())
    except ValueError:
        return None


def _events(form: Format, asked: Asked, headers: Mapping[str, str]) -> Choice:
    if asked.whole:
        return _document(form, asked, headers)
    by = None if asked.type is Event else asked.by
    body = Events(asked.limits, by, asked.last_event_id or "")
    # A server of tailrace says this with every stream, and ends each with an event.
    body.certain = is_true(headers.get("incremental", ""))
    return lambda _: body


def _document(form: Any, asked: Asked, _: Mapping[str, str]) -> Choice:
    # Version 1 is DripDrop's, which sends none.
    keeps_alive = isinstance(form, EventStream) or (isinstance(form, Progressive) and form.version != 1)
    body = Whole(form.reader(asked.limits), keeps_alive=keeps_alive)
    body.reader.reading.made = asked.finished
    return lambda _: body


def _json(form: Any, asked: Asked, headers: Mapping[str, str]) -> Choice:
    """An array is items, anything else a document; the first byte that is no white space tells."""
    whole = _document(form, asked, headers)
    if asked.whole:
        return whole

    def chosen(data: bytes) -> Body | None:
        found = _NOT_SPACE.search(data)
        if found is None:
            return None
        if found[0] != b"[":
            return whole(data)
        return Items(form.decoder(asked.limits, asked.by), asked.make, certain=True)

    return chosen


_NOT_SPACE: Final = re.compile(rb"[^ \t\r\n]")


def _texts(form: Any, asked: Asked, headers: Mapping[str, str]) -> Choice:
    """Lines, or a sequence, of JSON."""
    _refuse_whole(asked, headers)
    certain = isinstance(form, NDJSON) and form.end
    body = Items(form.decoder(asked.limits, asked.by), asked.make, certain=certain)
    return lambda _: body


def _rows(form: Format, asked: Asked, headers: Mapping[str, str]) -> Choice:
    _refuse_whole(asked, headers)
    make = asked.make or (None if asked.type is Any else converter_of(asked.type, text=True))
    body = Items(_in_its_charset(form, asked, headers), make)
    return lambda _: body


def _pieces(form: Format, asked: Asked, headers: Mapping[str, str]) -> Choice:
    """Text or bytes, which have no items."""
    text = isinstance(form, Text)
    if asked.type not in (Any, Event, str if text else bytes):
        _refuse(asked, headers)
    decoder = _in_its_charset(form, asked, headers) if text else form.decoder(asked.limits)
    body = Items(decoder, asked.make)
    return lambda _: body


def _in_its_charset(form: Format, asked: Asked, headers: Mapping[str, str]) -> Decoder[Any]:
    """A decoder of text, which may be in another charset than UTF-8."""
    decoder, said = form.decoder(asked.limits), _said(headers)
    charset = said.parameters.get("charset", "") if said is not None and said.type == "text" else ""
    return recoded(decoder, charset) if charset else decoder


def _by_its_decoder(form: Format, asked: Asked, headers: Mapping[str, str]) -> Choice:
    """A format of the user's own."""
    if asked.whole:
        return _document(form, asked, headers)
    make = asked.make or (None if asked.type is Any else converter_of(asked.type))
    body = Items(form.decoder(asked.limits), make)
    return lambda _: body


def _refuse_whole(asked: Asked, headers: Mapping[str, str]) -> None:
    if asked.whole:
        _refuse(asked, headers)


def _refuse(asked: Asked, headers: Mapping[str, str]) -> None:
    wanted = (
        "a document" if asked.whole else f"items of type {getattr(asked.type, '__qualname__', asked.type)}"
    )
    got = headers.get("content-type", "a body without Content-Type")
    raise DecodeError(f"expected {wanted}, got {got[:80]!r} (format=… says what it really is)")


_READERS: Final[dict[type | None, Callable[[Any, Asked, Mapping[str, str]], Choice]]] = {
    EventStream: _events,
    Progressive: _document,
    JSON: _json,
    NDJSON: _texts,
    JSONSeq: _texts,
    CSV: _rows,
    Text: _pieces,
    Bytes: _pieces,
}
