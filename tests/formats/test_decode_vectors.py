"""Every decode row, whole, byte by byte, in two at every place, and in more at random places."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.formats.event_stream import EventStreamDecoder
from tests.formats.vector_runner import (
    PROPERTY,
    body_of,
    check,
    format_of,
    limits_of,
    named,
    pieces_of,
    read,
    rows,
    ways,
)

FILES = ("event_stream_decode", "ndjson_decode", "json_array_decode", "json_seq_decode", "csv_decode")


def cases(member: str) -> list[Any]:
    """The rows that have this member."""
    found = [(file, row) for file in FILES for row in rows(file) if member in row]
    return [pytest.param(file, row, id=f"{file}:{named(row)}") for file, row in found]


def run(file: str, row: dict[str, Any], cuts: list[int]) -> None:
    """One row, in the pieces that `cuts` make."""
    decoder = format_of(file, row).decoder(limits_of(row))
    check(row, read(decoder, pieces_of(body_of(row), cuts)), cuts)
    if isinstance(decoder, EventStreamDecoder):
        assert decoder.last_event_id == row["last_event_id"]
        assert decoder.retry == row["retry"]


@pytest.mark.parametrize(("file", "row"), cases("name"))
def test_row(file: str, row: dict[str, Any]) -> None:
    """The same items, each at its byte, and the same error, however the body is cut."""
    for cuts in ways(body_of(row)):
        run(file, row, cuts)


@pytest.mark.parametrize("file", FILES)
@PROPERTY
@given(data=st.data())
def test_row_in_random_pieces(file: str, data: st.DataObject) -> None:
    """Empty pieces included."""
    row = data.draw(st.sampled_from(rows(file)), label="row")
    places = st.integers(0, len(body_of(row)))
    run(file, row, sorted(data.draw(st.lists(places, max_size=8), label="cuts")))


@pytest.mark.parametrize(("file", "row"), cases("error"))
def test_an_error_stays(file: str, row: dict[str, Any]) -> None:
    """Whoever asks again is told again: neither an item nor a good end can follow an error."""
    decoder = format_of(file, row).decoder(limits_of(row))
    reading = read(decoder, [body_of(row)])
    assert reading.error is not None
    with pytest.raises(type(reading.error)):
        decoder.finish()


def test_names_are_unique() -> None:
    """A failing row can be found by its name."""
    for file in FILES:
        names = [row["name"] for row in rows(file)]
        assert len(names) == len(set(names))
