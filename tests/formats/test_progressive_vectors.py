"""Every row of progressive.json, however its body is cut, and every beginning of those that end well."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import JSON, EventStream, Progressive
from tailrace.errors import StreamFailed, TailraceError, Truncated
from tests.formats.vector_runner import (
    body_of,
    check_error,
    limits_of,
    named,
    pieces_of,
    problem_of,
    rows,
    ways,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailrace.formats import DocumentReader

FILE = "progressive"
FORMATS = {"v2": Progressive(2), "v1": Progressive(1), "sse": EventStream(), "json": JSON()}
SMALL = 200
"""Bytes of a body that is cut at every place; a longer one only at some."""
SOME = 40
NOTHING = object()
"""The picture of a document of which nothing has come."""


def body(row: dict[str, Any]) -> bytes:
    """The row's bytes: its records, or its input as it stands in every other file of vectors."""
    if "records" not in row:
        return body_of(row)
    lines = [one if isinstance(one, str) else _dumped(one) for one in row["records"]]
    return "".join(f"{line}\n" for line in lines).encode()


def _dumped(record: Any) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def reader_of(row: dict[str, Any]) -> DocumentReader:
    """A reader of the row's format, with its limits."""
    return FORMATS[row["format"]].reader(limits_of(row))


def picture(reader: DocumentReader) -> Any:
    """The document as far as it has come."""
    try:
        return reader.value
    except LookupError:
        return NOTHING


@dataclass
class Read:
    """What a reader made of a body, each part as it was when it came."""

    reader: DocumentReader
    changes: list[Any] = field(default_factory=list[Any])
    pictures: list[Any] = field(default_factory=list[Any])
    texts: list[str] = field(default_factory=list[str])
    error: TailraceError | None = None

    def outcome(self) -> tuple[Any, ...]:
        """What must not depend on how the body was cut."""
        changes = [(one.verb, sorted(one.pointers), repr(one.value)) for one in self.changes]
        last = self.pictures[-1]
        problems = sorted(self.reader.problems.items())
        ended = type(self.error), getattr(self.error, "record", None), getattr(self.error, "problem", None)
        return changes, last is NOTHING or repr(last), repr(problems), sorted(self.reader.open), ended

    def see(self, changes: Sequence[Any]) -> None:
        """Keep what came, and how it looks now."""
        self.changes += changes
        self.pictures += [*(change.value for change in changes), picture(self.reader)]
        self.texts += map(repr, self.pictures[len(self.texts) :])


def read(row: dict[str, Any], text: bytes, cuts: Sequence[int]) -> Read:
    """Read a body in the pieces that `cuts` make."""
    reading = Read(reader_of(row))
    try:
        for piece in pieces_of(text, cuts):
            changes = reading.reader.feed(piece)
            if changes:
                reading.see(changes)
        reading.see(reading.reader.finish())
    except TailraceError as error:
        reading.error = error
        reading.see([])
    assert [repr(one) for one in reading.pictures] == reading.texts, "a picture has changed"
    return reading


def exact(value: Any) -> Any:
    """A value, or a picture of one, in which true is not 1."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, bool | str | int | float) or value is None:
        return (isinstance(value, bool), value)
    return [exact(element) for element in value]


def check(row: dict[str, Any], reading: Read) -> None:
    """Hold a reading against its row."""
    expected = [
        (verb, sorted(pointers), exact(value[0]) if value else exact(None))
        for verb, pointers, *value in (_known(*change) for change in row["changes"])
    ]
    given = [(one.verb, sorted(one.pointers), exact(_members(one.value))) for one in reading.changes]
    assert given == expected
    last = reading.pictures[-1]
    assert (last is not NOTHING) == ("value" in row)
    if "value" in row:
        assert exact(last) == exact(row["value"])
    problems = {at: _problem(members) for at, members in row.get("problems", {}).items()}
    assert reading.reader.problems == problems
    assert sorted(reading.reader.open) == sorted(row.get("open", []))
    check_error(row.get("error"), reading.error)


def _known(verb: str, pointers: list[str], *value: Any) -> tuple[Any, ...]:
    return (verb, pointers, _problem(*value).members()) if verb == "err" else (verb, pointers, *value)


def _problem(members: dict[str, Any]) -> Any:
    kinds = {"title": str, "status": int}
    good = {name: member for name, member in members.items() if isinstance(member, kinds.get(name, object))}
    return problem_of({"title": "Unknown problem", **good})


def _members(value: Any) -> Any:
    return value.members() if hasattr(value, "members") else value


def cases(*, well: bool | None = None) -> list[Any]:
    """The rows: all, or those that end well, or those that do not."""
    found = [row for row in rows(FILE) if well is None or well == ("error" not in row)]
    return [pytest.param(row, id=named(row)) for row in found]


@pytest.mark.parametrize("row", cases())
def test_row(row: dict[str, Any]) -> None:
    """The same changes, picture, problems, open places and error, however the body is cut."""
    text = body(row)
    whole = read(row, text, [])
    check(row, whole)
    outcome = whole.outcome()
    for cuts in _ways(text):
        assert read(row, text, cuts).outcome() == outcome, cuts


def _ways(text: bytes) -> list[list[int]]:
    if len(text) <= SMALL:
        return ways(text)[1:]
    return [list(range(1, len(text))), *([place] for place in range(0, len(text), len(text) // SOME))]


@pytest.mark.parametrize("row", cases(well=True))
def test_a_beginning_is_truncated(row: dict[str, Any]) -> None:
    """Whatever a body is cut to says so, and says what has not come."""
    text = body(row)
    complete = read(row, text, [])
    assert complete.reader.complete
    end = row.get("at", len(text))
    for length in range(end) if end <= 2 * SMALL else [*range(0, end, end // SOME), end - 1]:
        beginning = text[:length]
        if row["format"] == "json" and _is_json(beginning):
            continue
        reading = read(row, beginning, [])
        assert type(reading.error) is Truncated, beginning
        assert not reading.reader.complete
        missing = list(reading.error.missing)
        assert missing == reading.reader.open
        if reading.texts[-1] != complete.texts[-1]:
            assert missing, beginning
    assert read(row, text[:end], []).error is None


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("row", cases(well=False))
def test_what_is_open_at_the_end_has_failed(row: dict[str, Any]) -> None:
    """Who waits for it is told; what was finished before stays readable."""
    reading = read(row, body(row), [])
    reader = reading.reader
    for pointer in reader.open:
        with pytest.raises(Truncated) as raised:
            reader.at(pointer).result()
        assert raised.value.missing == [pointer]
    for pointer, problem in reader.problems.items():
        with pytest.raises(StreamFailed) as failed:
            reader.at(pointer).result()
        assert failed.value.problem == problem
    with pytest.raises(TailraceError):
        reader.finish()


def test_what_failed_at_many_places_is_null_at_none() -> None:
    """A change names the first hundred of them; every one has failed."""
    count = 300
    reader = Progressive().reader()
    meta = {str(index): 1 for index in range(count)}
    root = {"v": 2, "id": 0, "set": [None] * count, "meta": meta}
    text = "".join(f"{_dumped(one)}\n" for one in (root, {"id": 1, "err": {"title": "No"}}, {"done": 2}))
    changes = reader.feed(text.encode())
    reader.finish()
    assert len(changes[1].pointers) == 100
    assert len(reader.problems) == count
    for index in range(count):
        with pytest.raises(StreamFailed):
            reader[index].result()


def test_rows_are_well_made() -> None:
    """A failing row can be found by its name, which says its format; a member that nothing reads is a mistake."""
    names = [named(row) for row in rows(FILE)]
    assert len(names) == len(set(names))
    known = {"name", "format", "input", "input_hex", "records", "limits"}
    known |= {"changes", "value", "problems", "open", "at", "error"}
    for row in rows(FILE):
        assert named(row).startswith(f"{row['format']}-")
        assert set(row) <= known, named(row)
        assert len({"input", "input_hex", "records"} & set(row)) == 1
