"""JSON text sequences (RFC 7464): RS, one JSON text and LF for each item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from tailrace._json import Decode, ForeignEncoder, decode
from tailrace._model import Limits, Problem
from tailrace.errors import DecodeError, LimitExceeded
from tailrace.formats._base import BaseDecoder, Encoder, JSONEncoder
from tailrace.formats._failure import open_problem, refuse_failed

_RS, _LF = b"\x1e", b"\n"
_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class JSONSeq:
    """A JSON text sequence; a failed one ends in a text that is not closed, as one of `NDJSON` does."""

    name: ClassVar[str] = "json-seq"

    @property
    def media_types(self) -> tuple[str, ...]:
        """The one that RFC 7464 registers."""
        return ("application/json-seq",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        return _Encoder(encoder)

    def decoder(self, limits: Limits = Limits(), by: Decode = msgspec.json.decode, /) -> JSONSeqDecoder:
        """A new decoder for one body, of values as `by` makes them."""
        return JSONSeqDecoder(limits, by)


class _Encoder(JSONEncoder):
    first = lead = _RS
    tail = _LF
    keep_alive = _LF  # white space behind a text

    def fail(self, problem: Problem) -> bytes:
        return _RS + open_problem(problem)


class JSONSeqDecoder(BaseDecoder[Any]):
    """A JSON text sequence to values, each at the LF that ends its first line.

    A text that goes on behind that is delivered at the next RS, or at the end of the body. A malformed one
    is an error and ends the reading: whoever lost a record has to know.
    """

    def __init__(self, limits: Limits, by: Decode = msgspec.json.decode) -> None:
        super().__init__(limits)
        self._by = by
        self._open = False
        """Whether an RS came whose text is not delivered yet."""
        self._text = bytearray()
        self._whole_line = False

    def _take(self, data: bytes, items: list[Any]) -> None:
        for index, text in enumerate(data.split(_RS)):
            if index:
                self._close(items)
                self._open = True
                self._offset += 1
            self._add(text, items)
            self._offset += len(text)

    def _add(self, text: bytes, items: list[Any]) -> None:
        if not self._text:
            text = text.lstrip(_SPACE)
        if not text:
            return
        if not self._open:
            shown = text[:1].decode("ascii", "backslashreplace")
            raise DecodeError(f"expected RS, found {shown!r}", record=self._count, offset=self._offset)
        line, end, rest = (text, b"", b"") if self._whole_line else text.partition(_LF)
        self._text += line
        if len(self._text) > self.limits.line:
            self._text = bytearray()
            raise self._too_long("a text")
        if end:
            self._first_line(items)
            self._add(end + rest, items)

    def _first_line(self, items: list[Any]) -> None:
        try:
            value = self._decode(bytes(self._text))
        except LimitExceeded:
            raise
        except DecodeError as error:
            if error.path is not None:  # it is whole, and of another type
                raise
            self._whole_line = True  # and the text goes on
        else:
            self._deliver(value, items)

    def _close(self, items: list[Any]) -> None:
        """The text that is open is over, without an LF or behind one inside."""
        text = bytes(self._text)
        if text:
            if text[-1:] not in _SPACE and text[:1] not in b'{["':
                raise DecodeError(
                    "a number or a word without white space behind it may be cut", record=self._count
                )
            self._deliver(self._decode(text), items)

    def _deliver(self, value: Any, items: list[Any]) -> None:
        items.append(value)
        self._count += 1
        self._open = self._whole_line = False
        self._text = bytearray()

    def _decode(self, text: bytes) -> Any:
        return decode(text, depth=self.limits.depth, record=self._count, offset=self._offset, by=self._by)

    def _end(self, items: list[Any]) -> None:
        refuse_failed(bytes(self._text), self.limits.depth)
        try:
            if self._open and not self._text:
                raise DecodeError("RS, and no text")  # noqa: TRY301 - the same way out as a text that is cut
            self._close(items)
        except LimitExceeded:
            raise
        except DecodeError as error:
            if error.path is not None:
                raise
            raise self._cut("a text") from None
