"""Every encode row: the bytes, or the refusal before a byte is out."""

from __future__ import annotations

from typing import Any

import pytest

from tailrace import EncodeError, EventStream, TailraceError
from tailrace.formats import encode, write_item
from tests.formats.vector_runner import check_error, format_of, item_of, named, problem_of, rows

FILES = ("event_stream_encode", "ndjson_encode", "json_array_encode")
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


@pytest.mark.parametrize(("file", "row"), cases("error"))
def test_refusal(file: str, row: dict[str, Any]) -> None:
    """Says which item, which field and what was expected."""
    error: TailraceError | None = None
    try:
        encode(format_of(file, row), [item_of(item) for item in row["items"]])
    except EncodeError as refused:
        error = refused
    assert error is not None, "nothing was refused"
    check_error(row["error"], error)


@pytest.mark.parametrize(("file", "row"), [case for case in cases("error") if case.values[1]["items"]])
def test_refusal_leaves_no_byte(file: str, row: dict[str, Any]) -> None:
    """What was refused has written nothing, so that a pump cannot send half of it."""
    encoder = format_of(file, row).encoder()
    buffer = bytearray()
    *before, wrong = [item_of(item) for item in row["items"]]
    for record, item in enumerate(before):
        write_item(encoder, encoder.lead, item, record, buffer)
    written = bytes(buffer)
    with pytest.raises(EncodeError):
        write_item(encoder, encoder.lead, wrong, len(before), buffer)
    assert bytes(buffer) == written


def test_there_are_enough_injections() -> None:
    """Header and field injection: at least 62 cases that are refused."""
    assert sum("error" in row for row in rows("event_stream_encode")) >= 62
