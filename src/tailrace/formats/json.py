"""One JSON array (RFC 8259), written and read as it comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from tailrace._json import Decode, ForeignEncoder, decode
from tailrace._model import Limits, Problem
from tailrace.errors import DecodeError, LimitExceeded, Truncated
from tailrace.formats._base import BaseDecoder, Encoder, JSONEncoder
from tailrace.formats._finished import Finished, FinishedReader

if TYPE_CHECKING:
    from tailrace.formats._document import DocumentEncoder
    from tailrace.formats._document_reader import DocumentReader


@dataclass(frozen=True, slots=True)
class JSON:
    """One JSON array; a failed one is left open, which every JSON parser refuses.

    A document goes out once it is finished, with its length.
    """

    name: ClassVar[str] = "json"

    @property
    def media_types(self) -> tuple[str, ...]:
        """Plain JSON."""
        return ("application/json",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        return _Encoder(encoder)

    def document(self, encoder: ForeignEncoder | None = None, /) -> DocumentEncoder:
        """A new encoder for one document."""
        return Finished(encoder)

    def reader(self, limits: Limits = Limits(), /) -> DocumentReader:
        """A new decoder for one document."""
        return FinishedReader(limits)

    def decoder(self, limits: Limits = Limits(), by: Decode = msgspec.json.decode, /) -> JSONArrayDecoder:
        """A new decoder for one body, of values as `by` makes them."""
        return JSONArrayDecoder(limits, by)


class _Encoder(JSONEncoder):
    opening = b"["
    lead = b","
    keep_alive = b" "

    def end(self, count: int) -> bytes:
        del count
        return b"]"

    def fail(self, problem: Problem) -> bytes:
        # Left open; the space says that a number before it has no more digits.
        del problem
        return b" "


class _At(Enum):
    """Where in the array the next byte stands."""

    START = auto()
    FIRST = auto()
    ELEMENT = auto()
    SCALAR = auto()
    STRING = auto()
    NESTED = auto()
    NESTED_STRING = auto()
    AFTER = auto()
    END = auto()


_NOT_SPACE: Final = re.compile(rb"[^ \t\r\n]")
_SCALAR_END: Final = re.compile(rb"[,\] \t\r\n]")
_STRING_END: Final = re.compile(rb'"|\\')
_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'
_BRACKET: Final = re.compile(_STRING + rb'|["\[\]{}]', re.DOTALL)


def _nested(within: bytes) -> bytes:
    """An object or array with text in it, strings, and what is `within`."""
    return rb"[\[{](?:[^\[\]{}\"]++|%b%b)*+[\]}]" % (_STRING, within)


_LEAF: Final = _nested(b"")
_SHALLOW: Final = re.compile(
    rb"[ \t\r\n]*+,[ \t\r\n]*+(%b)" % _nested(b"|" + _nested(b"|" + _LEAF)), re.DOTALL
)
"""A comma and an element of at most three levels."""


class JSONArrayDecoder(BaseDecoder[Any]):
    """A JSON array to its elements, each as soon as its last byte is there."""

    def __init__(self, limits: Limits, by: Decode = msgspec.json.decode) -> None:
        super().__init__(limits)
        self._by = by
        self._at = _At.START
        self._escaped = False
        self._depth = 0
        self._kept = bytearray()
        self._steps = {
            _At.START: self._start,
            _At.FIRST: self._element,
            _At.ELEMENT: self._element,
            _At.SCALAR: self._scalar,
            _At.STRING: self._string,
            _At.NESTED: self._nested,
            _At.NESTED_STRING: self._string,
            _At.AFTER: self._after,
            _At.END: self._after_end,
        }

    @property
    def ended(self) -> bool:
        """Whether the array is closed."""
        return self._at is _At.END

    def _take(self, data: bytes, items: list[Any]) -> None:
        position = self._from = 0
        while position < len(data):
            position = self._steps[self._at](data, position, items)
        if self._at in _INSIDE:
            self._keep(data, len(data))
        self._offset += len(data)

    def _start(self, data: bytes, position: int, _items: list[Any]) -> int:
        found = _NOT_SPACE.search(data, position)
        if found is None:
            return len(data)
        if found[0] != b"[":
            raise self._wrong("an array's [ (a document has JSON().reader())", found[0], found.start())
        self._at = _At.FIRST
        return found.end()

    def _element(self, data: bytes, position: int, _items: list[Any]) -> int:
        found = _NOT_SPACE.search(data, position)
        if found is None:
            return len(data)
        byte, self._from = found[0], found.start()
        if byte == b"]" and self._at is _At.FIRST:
            self._at = _At.END
        elif byte in b",]}:":
            raise self._wrong("an element", byte, found.start())
        elif byte in b"[{":
            self._at, self._depth = _At.NESTED, 1
        else:
            self._at = _At.STRING if byte == b'"' else _At.SCALAR
        return found.end()

    def _scalar(self, data: bytes, position: int, items: list[Any]) -> int:
        found = _SCALAR_END.search(data, position)
        if found is None:
            return len(data)
        self._complete(data, found.start(), items)
        return found.start()

    def _string(self, data: bytes, position: int, items: list[Any]) -> int:
        if self._escaped:
            self._escaped = False
            return position + 1
        found = _STRING_END.search(data, position)
        if found is None:
            return len(data)
        if found[0] == b"\\":
            self._escaped = True
        elif self._at is _At.NESTED_STRING:
            self._at = _At.NESTED
        else:
            self._complete(data, found.end(), items)
        return found.end()

    def _nested(self, data: bytes, position: int, items: list[Any]) -> int:
        found = _BRACKET.search(data, position)
        if found is None:
            return len(data)
        if found[0] == b'"':
            self._at = _At.NESTED_STRING
        elif found[0].startswith(b'"'):
            pass  # a whole string
        elif found[0] in b"[{":
            self._depth += 1
            if self._depth > self.limits.depth:
                raise LimitExceeded(
                    f"nested deeper than {self.limits.depth} levels (Limits.depth)",
                    record=self._count,
                    offset=self._offset + found.start(),
                )
        else:
            self._depth -= 1
            if not self._depth:
                self._complete(data, found.end(), items)
        return found.end()

    def _decoded(self, text: bytes, begin: int) -> Any:
        return decode(text, depth=self.limits.depth, record=self._count, offset=begin, by=self._by)

    def _after(self, data: bytes, position: int, items: list[Any]) -> int:
        position = self._shallow(data, position, items)
        found = _NOT_SPACE.search(data, position)
        if found is None:
            return len(data)
        if found[0] not in b",]":
            raise self._wrong("a comma or the array's ]", found[0], found.start())
        self._at = _At.ELEMENT if found[0] == b"," else _At.END
        return found.end()

    def _shallow(self, data: bytes, position: int, items: list[Any]) -> int:
        """The elements behind commas that are whole in this piece and not deep: one match for each."""
        while (found := _SHALLOW.match(data, position)) is not None:
            begin, end = found.span(1)
            if end - begin > self.limits.event:
                break  # step by step it is known where the limit was passed
            items.append(self._decoded(found[1], self._offset + begin))
            self._count += 1
            position = end
        return position

    def _after_end(self, data: bytes, position: int, _items: list[Any]) -> int:
        found = _NOT_SPACE.search(data, position)
        if found is not None:
            raise self._wrong("nothing after the array", found[0], found.start())
        return len(data)

    def _keep(self, data: bytes, until: int) -> None:
        self._kept += data[self._from : until]
        if len(self._kept) > self.limits.event:
            self._kept = bytearray()
            raise LimitExceeded(
                f"an element is over the limit of {self.limits.event} bytes (Limits.event)",
                record=self._count,
                offset=self._offset + until,
            )

    def _complete(self, data: bytes, until: int, items: list[Any]) -> None:
        self._keep(data, until)
        text, self._kept = bytes(self._kept), bytearray()
        items.append(self._decoded(text, self._offset + until - len(text)))
        self._count += 1
        self._at = _At.AFTER

    def _wrong(self, expected: str, byte: bytes, position: int) -> DecodeError:
        shown = byte.decode("ascii", "backslashreplace")
        return DecodeError(
            f"expected {expected}, found {shown!r}", record=self._count, offset=self._offset + position
        )

    def _end(self, items: list[Any]) -> None:
        del items
        if self._at is not _At.END:
            raise Truncated(
                f"the array is not closed after {self._count} complete elements",
                record=self._count,
                offset=self._offset,
            )


_INSIDE: Final = frozenset({_At.SCALAR, _At.STRING, _At.NESTED, _At.NESTED_STRING})
