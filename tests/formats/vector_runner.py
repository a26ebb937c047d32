"""Runs the rows of vectors/*.json: a body in pieces, what came out, and when."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings

from tailrace import CSV, JSON, NDJSON, Abort, Event, EventStream, JSONSeq, Limits, Problem
from tailrace.errors import DecodeError, StreamFailed, TailraceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tailrace.formats import Decoder, Format

VECTORS = Path(__file__).parents[2] / "vectors"

# The same examples in every run; a slow machine is no failure.
PROPERTY = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)


@cache
def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one file of vectors."""
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())["rows"]
    return found


def named(row: dict[str, Any]) -> str:
    """A row's name, for pytest."""
    return str(row["name"])


def format_of(file: str, row: dict[str, Any]) -> Format:
    """The format that a file of vectors is about, with the row's options."""
    options = dict(row.get("options", {}))
    if file.startswith("event_stream"):
        return EventStream(**options)
    if file.startswith("ndjson"):
        return NDJSON(**options)
    if file.startswith("json_seq"):
        return JSONSeq(**options)
    if file.startswith("csv"):
        return CSV(*options.pop("columns", []), **options)
    return JSON(**options)


def body_of(row: dict[str, Any]) -> bytes:
    """The row's input as bytes."""
    return bytes.fromhex(row["input_hex"]) if "input_hex" in row else row["input"].encode()


def item_of(described: dict[str, Any]) -> Any:
    """The item that a row of an encode file describes."""
    return Event(**described["event"]) if "event" in described else described["value"]


def problem_of(members: dict[str, Any]) -> Problem:
    """The problem with these members."""
    known = {"type", "title", "status", "detail", "instance", "ref"}
    extensions = {name: value for name, value in members.items() if name not in known}
    return Problem(**{name: value for name, value in members.items() if name in known}, extensions=extensions)


@dataclass
class Reading:
    """What a decoder gave: the items, at which byte each came (None: at the end), and how it ended."""

    items: list[Any] = field(default_factory=list[Any])
    at: list[int | None] = field(default_factory=list["int | None"])
    error: TailraceError | None = None

    @property
    def outcome(self) -> tuple[list[Any], type[Exception] | None, int | None]:
        """What must not depend on the pieces."""
        return (
            self.items,
            None if self.error is None else type(self.error),
            getattr(self.error, "record", None),
        )


def read(decoder: Decoder[Any], pieces: Iterable[bytes]) -> Reading:
    """Feed the pieces one by one, then say that the body is over."""
    reading, fed = Reading(), 0
    try:
        for piece in pieces:
            fed += len(piece)
            new = decoder.feed(piece)
            reading.items += new
            reading.at += [fed] * len(new)
        new = decoder.finish()
        reading.items += new
        reading.at += [None] * len(new)
    except (DecodeError, StreamFailed, Abort) as error:
        reading.error = error
    return reading


def pieces_of(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The body, cut at these places."""
    places = [0, *cuts, len(body)]
    return [body[begin:end] for begin, end in itertools.pairwise(places)]


def ways(body: bytes) -> list[list[int]]:
    """Whole, byte by byte (also with an empty piece behind each), and in two at every place."""
    bytewise = list(range(1, len(body)))
    return [[], bytewise, sorted(2 * bytewise), *([place] for place in range(len(body) + 1))]


def check(row: dict[str, Any], reading: Reading, cuts: Sequence[int]) -> None:
    """Hold a reading against its row."""
    expected = row["items"] if "items" in row else row["events"]
    given = [_comparable(item) for item in reading.items]
    assert given == [_exact(item) for item in expected]
    length = len(body_of(row))
    ends = [*(cut for cut in cuts if cut), length]
    due = [None if at is None else next(end for end in ends if end >= at) for at in row["at"]]
    assert reading.at == due
    check_error(row.get("error"), reading.error)


def check_error(expected: dict[str, Any] | None, error: TailraceError | None) -> None:
    """Hold an error against the one that its row expects."""
    if expected is None:
        if error is not None:
            raise error
        return
    assert type(error).__name__ == expected["type"], error
    if "record" in expected:
        assert getattr(error, "record", None) == expected["record"]
    if "path" in expected:
        assert getattr(error, "path", None) == expected["path"]
    for text in expected.get("says", []):
        assert text in str(error)
    if "problem" in expected:
        assert isinstance(error, StreamFailed)
        assert error.problem == problem_of({"title": "Unknown problem", **expected["problem"]})


def _comparable(item: Any) -> Any:
    if isinstance(item, Event):
        assert item.retry is None
        assert item.comment is None
        return {"data": item.data, "event": item.event, "id": item.id}
    return _exact(item)


def _exact(value: Any) -> Any:
    """The value, with kinds that Python takes for equal (1, True) told apart; 1 and 1.0 are one JSON number."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return {name: _exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_exact(element) for element in value]
    return value


def limits_of(row: dict[str, Any]) -> Limits:
    """The row's limits."""
    return Limits(**row.get("limits", {}))
