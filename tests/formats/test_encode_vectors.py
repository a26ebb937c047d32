"""Every encode row: the bytes, or the refusal before a byte is out."""

from __future__ import annotations

from typing import Any

import pytest

from tailrace import NDJSON, Event, EventStream
from tailrace._json import NotPlain
from tailrace.errors import EncodeError
from tailrace.formats import encode, encode_special
from tests.formats.vector_runner import check_error, format_of, item_of, named, problem_of, rows

FILES = ("event_stream_encode", "ndjson_encode", "json_array_encode", "json_seq_encode", "csv_encode")
CASES = [(file, row) for file in FILES for row in rows(file)]


def cases(member: str) -> list[Any]:
    """The rows that have this member."""
    return [pytest.param(file, row, id=f"{file}:{named(row)}") for file, row in CASES if member in row]


@pytest.mark.parametrize(("file", "row"), cases("body"))
def test_body(file: str, row: dict[str, Any]) -> None:
    """The whole body, byte for byte."""
    items = [item_of(item) for item in row["items"]]
    problem = problem_of(row["problem"]) if "problem" in row else None
    assert encode(format_of(file, row), items, problem=problem) == row["body"].encode()


@pytest.mark.parametrize(("file", "row"), cases("output"))
def test_output(file: str, row: dict[str, Any]) -> None:
    """What stands between a body's opening and its end."""
    items = [item_of(item) for item in row["items"]]
    format_ = format_of(file, row)
    empty = encode(format_, [])
    opening = format_.encoder().opening
    body = encode(format_, items)
    assert body.startswith(opening)
    end = (
        body.rindex(b"event: end\n")
        if isinstance(format_, EventStream)
        else len(body) - len(empty) + len(opening)
    )
    assert body[len(opening) : end] == row["output"].encode()


def encode_row(file: str, row: dict[str, Any]) -> bytes:
    """The row's body."""
    return encode(format_of(file, row), [item_of(item) for item in row["items"]])


@pytest.mark.parametrize(("file", "row"), cases("error"))
def test_refusal(file: str, row: dict[str, Any]) -> None:
    """Says which item, which field and what was expected."""
    with pytest.raises(EncodeError) as refused:
        encode_row(file, row)
    check_error(row["error"], refused.value)
    assert refused.value.record == row["error"].get("record")


@pytest.mark.parametrize(("file", "row"), [*cases("body"), *cases("output")])
def test_runs(file: str, row: dict[str, Any]) -> None:
    """Sent item by item, as from a slow source, or all at once: the same bytes."""
    items = [item_of(item) for item in row["items"]]
    encoder = format_of(file, row).encoder()
    body, count = encoder.opening, 0
    for record, item in enumerate(items):
        try:
            frame: bytes | None = encoder.encode(item)
        except NotPlain:
            frame = None if encoder.says_nothing(item) else encode_special(encoder, item, record)
        if frame is not None:
            body += encoder.join([frame])
            count += 1
    problem = problem_of(row["problem"]) if "problem" in row else None
    body += encoder.end(count) if problem is None else encoder.fail(problem)
    assert body == encode(format_of(file, row), items, problem=problem)


class Named(Event):
    """An application's own kind of event."""


@pytest.mark.parametrize("before", [[], [1], [Event("x")]], ids=["first", "after a value", "after an event"])
def test_a_kind_of_event_is_an_event(before: list[Any]) -> None:
    items = [*before, Named("a", event="e", id="1")]
    assert b"event: e\nid: 1\ndata: a\n\n" in encode(EventStream(), items)
    assert encode(NDJSON(), [Named({"a": 1}, id="1"), Named(id="2")]) == b'{"a":1}\n'


def test_there_are_enough_injections() -> None:
    """Header and field injection: at least 62 cases that are refused."""
    assert sum("error" in row for row in rows("event_stream_encode")) >= 62
