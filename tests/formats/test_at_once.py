"""What is read at once says the same as what is read line by line, also where something is wrong with it."""

from __future__ import annotations

import pytest

from tailrace import NDJSON, EventStream, Limits
from tailrace.errors import DecodeError
from tests.formats.vector_runner import pieces_of, read, ways


@pytest.mark.parametrize("length", range(1, 36))
def test_what_is_no_text_counts_as_it_came(length: int) -> None:
    """A byte that is not UTF-8 becomes three, which is nothing that a sender could know."""
    body = b"data:" + b"\xff" * length + b"\nx\n\n"
    for cuts in ways(body):
        reading = read(EventStream().decoder(Limits(line=40, event=36)), pieces_of(body, cuts))
        assert reading.error is None
        assert [event.data for event in reading.items] == ["\ufffd" * length]


@pytest.mark.parametrize("wrong", [b'{"a":1]\n', b"[[[[[1]]]]]\n", b"\xff\n", b" \r\n]\n"])
def test_an_error_says_where_it_is(wrong: bytes) -> None:
    """The record and the byte of the body, wherever that was cut."""
    right, blank = b'{"a":1}\n', wrong.startswith(b" ")
    body = right * 3 + wrong
    for cuts in ways(body):
        reading = read(NDJSON().decoder(Limits(depth=4)), pieces_of(body, cuts))
        assert len(reading.items) == 3
        assert isinstance(reading.error, DecodeError)
        assert (reading.error.record, reading.error.offset) == (3, len(right) * 3 + blank * 3)
