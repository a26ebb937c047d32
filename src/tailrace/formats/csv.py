"""Comma-separated values (RFC 4180): a row for each item."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec

from tailrace._event import Event
from tailrace._json import Encode, ForeignEncoder, ItemEncoder, NotPlain, dumps
from tailrace._lines import Lines
from tailrace._model import Limits, Problem
from tailrace.errors import DecodeError, Unfit
from tailrace.formats._base import BaseDecoder, Encoder
from tailrace.formats._cells import members_of, rows_of_lists, rows_of_objects
from tailrace.formats._failure import refuse_failed

_BOM: Final = b"\xef\xbb\xbf"
_END: Final = b"\r\n"
_cells: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_text: Final = msgspec.json.Decoder(str).decode

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")
_UNLIKE_CSV: Final = (b"\\", b"[", b"{", b"null")
"""What a run of rows without can go out nearly as JSON wrote it: escapes, nesting, nulls."""
_FORMULAS: Final = ((b"=", b'"='), (b"+", b'"+'), (b"@", b'"@'), (b'"-', b'"-'))
"""What text that is a formula begins with, behind its quote; and what is sooner found not to be there."""


@dataclass(frozen=True, slots=True, init=False)
class CSV:
    """Rows of text, the first of which names the columns unless `header` is false.

    `columns` are the members to write, in this order; without them, those of the first item. An item is an
    object (a mapping, dataclass, model) or, in the order of the columns, a list. Cells are as in JSON: a time
    by ISO 8601, nothing for null, what is nested as JSON. Text is always quoted. With `guard`, text that a
    spreadsheet would take for a formula gets a `'` before it. `bom` tells Excel that it is UTF-8.
    A failed stream ends in a quote that is not closed.

    Raises `ValueError` for columns that are no names or named twice, and for a delimiter that is none.
    """

    columns: tuple[str, ...]
    header: bool
    delimiter: str
    guard: bool
    bom: bool
    name: ClassVar[str] = "csv"

    def __init__(
        self, *columns: str, header: bool = True, delimiter: str = ",", guard: bool = True, bom: bool = False
    ) -> None:
        named: tuple[Any, ...] = columns
        if not all(isinstance(name, str) for name in named) or len(set(named)) < len(named):
            raise ValueError(f"CSV{columns!r}: expected the names of columns, each once")
        if delimiter not in _DELIMITERS:
            raise ValueError(
                f"CSV(delimiter={delimiter!r}): expected one of {', '.join(map(repr, _DELIMITERS))}"
            )
        fields = {"columns": columns, "header": header, "delimiter": delimiter, "guard": guard, "bom": bom}
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The type that RFC 4180 registers, or the one for tabs, with whether there is a header."""
        kind = "text/tab-separated-values" if self.delimiter == "\t" else "text/csv"
        return (f"{kind}; charset=utf-8; header={'present' if self.header else 'absent'}",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        return _Encoder(self, encoder)

    def decoder(self, limits: Limits = Limits(), /) -> CSVDecoder:
        """A new decoder for one body."""
        return CSVDecoder(limits, header=self.header, delimiter=self.delimiter)


_DELIMITERS: Final = (",", ";", "\t", "|")


class _Encoder(Encoder):
    """Each item is encoded as a JSON array of its cells; a run of those is made CSV at once.

    The JSON encoder is the fastest writer of numbers and times that there is, and what it quotes is quoted
    as RFC 4180 has it, unless there is an escape in it.
    """

    def __init__(self, format_: CSV, encoder: ForeignEncoder | None) -> None:
        super().__init__(_undecided)
        to_json = ItemEncoder(encoder).dumps
        self._format = format_
        self._columns = format_.columns
        self._delimiter = format_.delimiter.encode()
        self._formulas = _FORMULAS if format_.guard else ()
        # What another encoder writes may be no array at all: it is looked at item by item.
        self._careful = encoder is not None or format_.delimiter != ","
        self._to_row: Encode = (lambda cells: self._row(to_json(cells))) if self._careful else to_json
        self.opening = (_BOM if format_.bom else b"") + (self._header() if format_.columns else b"")

    def adapt(self, item: Any) -> None:
        """Find out how to take the cells of `item`, and of those of its kind."""
        if isinstance(item, Event):
            self.adapt(item.data)
            self.encode = _of_events(self.encode)
            return
        members = members_of(item)
        if members is None:
            self._adapt_to_lists(item)
            return
        if not self._columns and not members:
            raise Unfit("an object without members has no columns")
        if not self._columns:
            self._columns = tuple(members)
            self.first = self._header()
        # Whoever names no columns wants all that there are.
        exact = not self._format.columns
        self.encode = rows_of_objects(item.__class__, self._columns, self._to_row, exact=exact)

    def _adapt_to_lists(self, item: Any) -> None:
        if not {list, tuple} & set(item.__class__.__mro__):
            raise Unfit(f"CSV takes objects and lists, got {type(item).__qualname__}")
        if self._format.header and not self._columns:
            raise Unfit("a list does not name its columns; expected CSV('id', …) or CSV(header=False)")
        self.encode = rows_of_lists(item.__class__, self._columns, self._to_row)

    def _header(self) -> bytes:
        return self._row(dumps(self._columns)) if self._format.header else b""

    def join(self, frames: list[bytes]) -> bytes:
        head, self.first = self.first, b""
        if self._careful:
            return head + b"".join(frames)
        run = _END.join([frame[1:-1] for frame in frames])
        if self._is_unlike_csv(run):
            return head + b"".join([self._row(frame) for frame in frames])
        return head + run + _END

    def _is_unlike_csv(self, run: bytes) -> bool:
        has = run.find
        return any(has(sign) >= 0 for sign in _UNLIKE_CSV) or any(
            has(first) >= 0 and has(sign) >= 0 for first, sign in self._formulas
        )

    def _row(self, array: bytes) -> bytes:
        row = self._delimiter.join([self._cell(bytes(cell)) for cell in _cells(array)])
        return (row or b'""') + _END  # an empty line would be no row

    def _cell(self, json: bytes) -> bytes:
        if json == b"null":
            return b""
        if json[:1] in b"{[":
            return b'"%b"' % json.replace(b'"', b'""')
        if json[:1] != b'"':
            return json
        text = _text(json)
        if self._format.guard and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
            text = "'" + text
        return b'"%b"' % text.replace('"', '""').encode()

    def fail(self, problem: Problem) -> bytes:
        # A quote that is not closed, and behind it what was the matter.
        return b'"' + dumps({"problem": problem.members()}).replace(b'"', b'""')


def _undecided(_: Any) -> bytes:
    raise NotPlain


def _of_events(encode_data: Encode) -> Encode:
    def encode(item: Any) -> bytes:
        if not isinstance(item, Event):
            raise NotPlain
        return encode_data(item.data)

    return encode


class CSVDecoder(BaseDecoder[Any]):
    """CSV to rows: a dict for each, by the names in the header; without a header a list. Cells are text.

    A row is delivered at the line end behind it, without which it may be cut. Quoted cells may hold line ends.
    Takes CRLF and LF.
    """

    def __init__(self, limits: Limits, *, header: bool = True, delimiter: str = ",") -> None:
        super().__init__(limits)
        self._header = header
        self._cell = _cell_pattern(delimiter.encode())
        self._names: list[str] = []
        self._lines = Lines(limits.line)
        self._text = bytearray()
        """The lines of a row that goes on."""
        self._open = False
        """Whether the row goes on in the next line, for a quote is open."""

    def _take(self, data: bytes, items: list[Any]) -> None:
        for line in self._lines.feed(data):
            self._line(line, items)
            self._offset += len(line) + 1
        if self._lines.overlong:
            raise self._too_long("a row")

    def _line(self, line: bytes, items: list[Any]) -> None:
        if len(self._text) + len(line) >= self.limits.line:  # with the line's end
            self._text = bytearray()
            raise self._too_long("a row")
        self._open ^= line.count(b'"') % 2 == 1
        if self._open:
            self._text += line + b"\n"
        elif self._text:
            row, self._text = bytes(self._text + line), bytearray()
            self._row(row, items)
        else:
            self._row(line, items)

    def _row(self, text: bytes, items: list[Any]) -> None:
        if not (self._count or self._names):
            text = text.removeprefix(_BOM)
        text = text.removesuffix(b"\r")
        if not text:
            return
        cells = self._split(text)
        if self._header and not self._names:
            if len(set(cells)) < len(cells):
                raise DecodeError(f"expected a name once in the header, found {', '.join(cells)}", offset=0)
            self._names = cells
            return
        if self._header and len(cells) != len(self._names):
            raise DecodeError(
                f"expected {len(self._names)} cells, found {len(cells)}",
                record=self._count,
                offset=self._offset,
            )
        items.append(dict(zip(self._names, cells, strict=True)) if self._header else cells)
        self._count += 1

    def _split(self, text: bytes) -> list[str]:
        cells: list[str] = []
        position, more = 0, True
        while more:
            found = self._cell.match(text, position)
            if found is None:
                raise DecodeError(
                    "expected a delimiter behind a quoted cell, and no quote in one that is not",
                    record=self._count,
                    offset=self._offset,
                )
            cell = found[2] if found[1] is None else found[1].replace(b'""', b'"')
            try:
                cells.append(cell.decode())
            except UnicodeDecodeError as error:
                raise DecodeError(str(error), record=self._count, offset=self._offset) from None
            position, more = found.end(), bool(found[3])
        return cells

    def _end(self, items: list[Any]) -> None:
        del items
        rest = self._lines.rest()
        if not self._open and not rest.strip(b"\r"):
            return
        # RFC 4180 lets the last line end lack. Then nobody can tell a last row from the beginning of one.
        if self._open or rest.count(b'"') % 2:
            self._refuse_failed(bytes(self._text) + rest)
        raise self._cut("a row")

    def _refuse_failed(self, row: bytes) -> None:
        """Raise `StreamFailed` where the row that is cut is the word of a server that failed."""
        refuse_failed(row[1:].replace(b'""', b'"')[:-1], self.limits.depth)


def _cell_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    end = re.escape(delimiter)
    return re.compile(rb'(?:"((?:[^"]++|"")*+)"|([^"' + end + rb"]*+))(" + end + rb"|\Z)")
