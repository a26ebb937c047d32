"""Version 1 of progressive JSON, as DripDrop documents it: strings that stand for what is missing (PROTOCOL.md)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from tailrace._json import ForeignEncoder, decode, dumps, escape_line_separators
from tailrace._model import Problem
from tailrace._parts import enter
from tailrace._reading.progress import Change
from tailrace.errors import DecodeError, StreamFailed
from tailrace.formats._base import JSONEncoder
from tailrace.formats._document import DocumentEncoder
from tailrace.formats._document_reader import DocumentReader
from tailrace.formats._line_decoder import LineDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tailrace._holes import Kind
    from tailrace._model import Limits
    from tailrace.formats._document import Meta

_STRING: Final = re.compile(r"\$[0-9]+")
_WRITTEN: Final = re.compile(rb'"(?:\$|\\u0024)([0-9]{1,9})"')
_HEAD: Final = b'{"placeholder_id": %b, "data": '
_TAIL: Final = b', "is_initial": %b, "is_final": %b, "error": %b}'
_INITIAL: Final = _TAIL % (b"true", b"false", b"null")
_LATER: Final = _TAIL % (b"false", b"false", b"null")
_LAST: Final = (_HEAD % b"null") + b"null" + _TAIL % (b"false", b"true", b"%b")


def _last(problem: Problem | None = None) -> bytes:
    return _LAST % (b"null" if problem is None else _error(problem))


def _error(problem: Problem) -> bytes:
    """What version 1 has room for: a string."""
    text = problem.title if problem.ref is None else f"{problem.title} (ref {problem.ref})"
    return escape_line_separators(dumps(text if problem.detail is None else f"{text}: {problem.detail}"))


class Placeholders(DocumentEncoder):
    """Lines of records; a hole's number is one that no string of the data so far has had."""

    grows = False
    wary = True
    tail = b"\n"
    keep_alive = b" "

    def __init__(self, encoder: ForeignEncoder | None) -> None:
        super().__init__(encoder)
        self._strings: set[int] = set()
        self._skipped: set[int] = set()

    def saw(self, pieces: list[bytes]) -> int | None:
        suspects = [piece for piece in pieces if b'"$' in piece or b'"\\u0024' in piece]
        strings = {int(digits) for piece in suspects for digits in _WRITTEN.findall(piece)}
        self._strings |= strings
        return min((one for one in strings - self._skipped if one <= self._number), default=None)

    def number(self) -> int:
        number = super().number()
        while number in self._strings:
            self._skipped.add(number)
            number = super().number()
        return number

    def stand_in(self, kind: Kind, number: int) -> bytes:
        del kind
        return b'"$%d"' % number

    def root(self, text: list[bytes], meta: Meta) -> bytes:
        del meta
        return b"".join([_HEAD % b"null", *text, _INITIAL])

    def value(self, number: int, text: list[bytes], meta: Meta) -> bytes:
        del meta
        return b"".join([_HEAD % (b'"$%d"' % number), *text, _LATER])

    def failed(self, number: int, problem: Problem) -> bytes:
        error = _TAIL % (b"false", b"false", _error(problem))
        return (_HEAD % (b'"$%d"' % number)) + b"null" + error

    def end(self, count: int) -> bytes:
        del count
        return _last() + b"\n"

    def fail(self, problem: Problem) -> bytes:
        return _last(problem) + b"\n"


class ListPlaceholder(JSONEncoder):
    """Items as a document that is one list: its only placeholder's line goes out in pieces."""

    opening = (_HEAD % b"null") + b'"$1"' + _INITIAL + b"\n" + (_HEAD % b'"$1"') + b"["
    lead = b","
    keep_alive = b" "

    def end(self, count: int) -> bytes:
        del count
        return b"]" + _LATER + b"\n" + _last() + b"\n"

    def fail(self, problem: Problem) -> bytes:
        # The line is left open, as a list of JSON is: what there is of it must not be taken for all.
        del problem
        return b" "


class PlaceholderReader(DocumentReader, LineDecoder[Change]):
    """Lines of placeholders and their values.

    Until the last line a string such as "$2" may be a placeholder or a string of the data: it is a hole,
    unless that placeholder had its value before. One that never gets a value was data.
    """

    _expected = "progressive JSON"

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._numbers: dict[str, int] = {}
        self._had: set[str] = set()
        self._next = 1

    def _line(self, text: bytes, changes: list[Change]) -> None:
        self._expect_more()
        try:
            value = decode(text, depth=self.limits.depth, record=self._count, offset=self._offset)
            members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
            if "placeholder_id" not in members:
                self._first(value, changes)  # as it is, without an envelope
            elif members["placeholder_id"] is not None:
                self._placeholder(members, changes)
            elif members.get("is_final"):
                self._last(members, changes)
            else:
                self._first(members.get("data"), changes)
        except DecodeError as error:
            raise self._located(error) from None
        self._count += 1

    def _first(self, value: Any, changes: list[Change]) -> None:
        if self._count:
            raise DecodeError("expected a line with a placeholder_id")
        changes.append(self._fill(0, value))

    def _placeholder(self, members: dict[str, Any], changes: list[Change]) -> None:
        name, error = members["placeholder_id"], members.get("error")
        number = self._numbers.pop(name, None) if isinstance(name, str) else None
        if number is None:
            raise DecodeError(f"a value for {name!r}, which is no placeholder that waits for one"[:200])
        self._had.add(cast("str", name))
        if error is None:
            changes.append(self._fill(number, members.get("data")))
        else:
            changes.append(self._progress.fail(number, _problem(error)))

    def _last(self, members: dict[str, Any], changes: list[Change]) -> None:
        error = members.get("error")
        if error is not None:
            problem = _problem(error)
            changes += [self._progress.fail(number, problem) for number in list(self._progress.open)]
            raise StreamFailed(problem)
        if not self._count:
            raise DecodeError("the last line before the first")
        for name, number in self._numbers.items():
            changes.append(self._progress.fill(number, name))
        self._completed()

    def _fill(self, number: int, value: Any) -> Change:
        around = [value]
        meta = self._meta(around)
        return self._progress.fill(number, around[0], meta)

    def _meta(self, around: list[Any]) -> Any:
        """Where in a value there are placeholders: null is put there."""
        shape: dict[str, Any] = {}
        waiting: list[tuple[Any, tuple[Any, ...] | None]] = [(around, None)]
        while waiting:
            container, place = waiting.pop()
            for key, member in _members(container):
                if isinstance(member, dict | list):
                    waiting.append((cast("Any", member), (place, key)))
                elif isinstance(member, str) and _STRING.fullmatch(member) and member not in self._had:
                    container[key] = None
                    enter(shape, (place, key), self._number(member))
        return shape.get("0")

    def _number(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = self._next
            self._next += 1
        return number

    def _end(self, items: list[Change]) -> None:
        del items
        self._ended(self._rest())


def _members(container: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(container, dict):
        return cast("dict[str, Any]", container).items()
    return enumerate(cast("list[object]", container))


def _problem(error: Any) -> Problem:
    return Problem(title=error if isinstance(error, str) else "Unknown problem")
