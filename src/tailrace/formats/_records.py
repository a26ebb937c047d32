"""Version 2 of progressive JSON: records about numbered holes (PROTOCOL.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from tailrace._holes import Kind
from tailrace._json import ForeignEncoder, decode, dumps, escape_line_separators
from tailrace._model import Problem
from tailrace._reading.progress import Change
from tailrace.errors import DecodeError, StreamFailed, Truncated
from tailrace.formats._base import JSONEncoder
from tailrace.formats._document import DocumentEncoder
from tailrace.formats._document_reader import DocumentReader
from tailrace.formats._line_decoder import LineDecoder

if TYPE_CHECKING:
    from tailrace.formats._document import Meta


def done(count: int, problem: Problem | None = None) -> bytes:
    """The last record, behind `count` others."""
    return _dumped({"done": count} | ({} if problem is None else {"err": problem.members()}))


def _dumped(members: dict[str, Any]) -> bytes:
    return escape_line_separators(dumps(members))


class Records(DocumentEncoder):
    """Lines of records."""

    keep_alive = b" "

    def stand_in(self, kind: Kind, number: int) -> bytes:
        del number
        if kind is Kind.VALUE:
            return b"null"
        return b"[]" if kind is Kind.LIST else b'""'

    def root(self, text: list[bytes], meta: Meta) -> bytes:
        return b"".join([b'{"v":2,"id":0,"set":', *text, _closing(meta)])

    def value(self, number: int, text: list[bytes], meta: Meta) -> bytes:
        return b"".join([b'{"id":%d,"set":' % number, *text, _closing(meta)])

    def plain(self, number: int, text: bytes) -> bytes:
        return b'{"id":%d,"set":%b}\n' % (number, text)

    def elements(self, number: int, text: list[bytes], meta: Meta) -> bytes:
        return b"".join([b'{"id":%d,"push":[' % number, *text, b"]", _closing(meta)])

    def characters(self, number: int, text: bytes) -> bytes:
        return b'{"id":%d,"text":%b}\n' % (number, text)

    def over(self, number: int) -> bytes:
        return b'{"id":%d,"end":true}\n' % number

    def failed(self, number: int, problem: Problem) -> bytes:
        return _dumped({"id": number, "err": problem.members()}) + b"\n"

    def end(self, count: int) -> bytes:
        return done(count) + b"\n"

    def fail(self, problem: Problem) -> bytes:
        return done(self._count, problem) + b"\n"


def _closing(meta: Meta) -> bytes:
    return b"}\n" if meta is None else b',"meta":%b}\n' % escape_line_separators(dumps(meta))


class ListRecords(JSONEncoder):
    """Items as a document that is one growing list: what goes out together is one record."""

    opening = b'{"v":2,"id":0,"set":[],"meta":1}\n'
    first = lead = b","
    keep_alive = b" "

    def __init__(self, encoder: ForeignEncoder | None) -> None:
        super().__init__(encoder)
        self._count = 1

    def join(self, frames: list[bytes]) -> bytes:
        self._count += 1
        return b'{"id":1,"push":[%b]}\n' % self.seal(b",".join(frames))

    def end(self, count: int) -> bytes:
        del count
        return b'{"id":1,"end":true}\n%b\n' % done(self._count + 1)

    def fail(self, problem: Problem) -> bytes:
        return done(self._count, problem) + b"\n"


_VERSION: Final = 2
_VERBS: Final = ("set", "push", "text", "err")
_ABOUT_A_HOLE: Final = ("id", "set", "push", "text", "end")


class _Record(msgspec.Struct):
    """One record; members that it does not know are nobody's business."""

    id: int | UnsetType = UNSET
    set: Any = UNSET
    push: list[Any] | UnsetType = UNSET
    text: str | UnsetType = UNSET
    end: bool | UnsetType = UNSET
    err: dict[str, Any] | UnsetType = UNSET
    meta: Any = None
    v: Any = UNSET
    done: int | UnsetType = UNSET


_record: Final = msgspec.json.Decoder(_Record).decode


class Recorder(DocumentReader):
    """Applies records, whatever frames them."""

    _what = "record"
    _expected = "progressive JSON, version 2"

    def _line(self, text: bytes, changes: list[Change]) -> None:
        try:
            record = decode(
                text, depth=self.limits.depth, record=self._count, offset=self._offset, by=_record
            )
            self._expect_more()
            if record.done is not UNSET and all(getattr(record, name) is UNSET for name in _ABOUT_A_HOLE):
                self._done(record.done, record.err, changes)
                return
            self._changes(record, changes)
        except Truncated:
            raise
        except DecodeError as error:
            raise self._located(error) from None
        self._count += 1

    def _changes(self, record: _Record, changes: list[Change]) -> None:
        number = self._checked(record)
        progress = self._progress
        if record.set is not UNSET and number == 0 and self._count:
            # The document starts over: the server could not go on where a reader had been.
            changes.append(progress.restart(record.set, record.meta))
        elif record.set is not UNSET:
            changes.append(progress.fill(number, record.set, record.meta))
        elif isinstance(record.push, list):
            changes.append(progress.push(number, record.push, record.meta))
        elif isinstance(record.text, str):
            changes.append(progress.write(number, record.text))
        elif isinstance(record.err, dict):
            changes.append(progress.fail(number, Problem.of(record.err)))
        if record.end is True:
            changes.append(progress.close(number))

    def _checked(self, record: _Record) -> int:
        """The hole that a record is about, once it is clear what it says."""
        if record.id is UNSET:
            raise DecodeError("a record about nothing: expected an id, or done")
        if record.done is not UNSET:
            raise DecodeError(f"done in a record about hole {record.id}")
        items = record.push is not UNSET or record.text is not UNSET
        verbs = (record.set is not UNSET) + (record.push is not UNSET) + (record.text is not UNSET)
        verbs += record.err is not UNSET
        if verbs > 1 or (record.end is True and verbs and not items):
            raise DecodeError(f"a record with more than one of {', '.join(_VERBS)} and end")
        if not verbs and record.end is not True:
            raise DecodeError(f"a record that says nothing: expected one of {', '.join(_VERBS)} and end")
        if record.id == 0:
            self._begin(record)
        elif not self._count:
            raise DecodeError(f"expected the document itself first, got a record about hole {record.id}")
        return record.id

    def _begin(self, record: _Record) -> None:
        if record.set is UNSET:
            raise DecodeError("a record about the document that does not set it")
        if (record.v != _VERSION) if not self._count else (record.v not in {UNSET, _VERSION}):
            raise DecodeError(f"expected version {_VERSION} of progressive JSON, got {record.v!r}")

    def _done(self, count: int, err: Any, changes: list[Change]) -> None:
        if count != self._count:
            raise self._cut_off(f"{self._count} records came of {count}")
        if err is not UNSET:
            problem = Problem.of(err)
            changes += [self._progress.fail(number, problem) for number in list(self._progress.open)]
            raise StreamFailed(problem)
        if self._progress.open:
            raise self._cut_off("the last record leaves parts open")
        self._completed()


class RecordReader(Recorder, LineDecoder[Change]):
    """Lines of records."""

    def _end(self, items: list[Change]) -> None:
        del items
        self._ended(self._rest())
