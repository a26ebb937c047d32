"""What holds for every body: round trips, and that the pieces make no difference."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tailrace import CSV, JSON, NDJSON, Bytes, Event, EventStream, JSONSeq, Limits, Problem, Text
from tailrace.errors import DecodeError, StreamFailed, Truncated
from tailrace.formats import encode
from tests.formats.event_stream_reference import Reference
from tests.formats.strategies import csv_garbage, cuts, event_stream_garbage, json_garbage, line, text, values
from tests.formats.vector_runner import PROPERTY, pieces_of, read

if TYPE_CHECKING:
    from tailrace.formats import Format

FORMATS = [NDJSON(), NDJSON(end=True), JSON(), JSONSeq()]
PROBLEM = Problem(title="Gone wrong", ref="r1", extensions={"more": [1, {"a": None}]})
SMALL = Limits(line=24, event=24, total=90, depth=3)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "event": line,
    "id": line,
    "retry": st.integers(0, 10**9),
    "comment": line,
}
events = st.one_of(
    st.fixed_dictionaries({"data": st.none() | text | values}, optional=FIELDS),
    st.fixed_dictionaries({}, optional=FIELDS).filter(bool),
).map(lambda fields: Event(**fields))


def named(format_: Format) -> str:
    """A format's name, for pytest."""
    return repr(format_)


@pytest.mark.parametrize("format_", FORMATS, ids=named)
@PROPERTY
@given(items=values, data=st.data())
def test_round_trip(format_: Format, items: list[Any], data: st.DataObject) -> None:
    """What goes in comes out, in pieces too."""
    body = encode(format_, items)
    reading = read(format_.decoder(), pieces_of(body, data.draw(cuts(body))))
    assert reading.error is None
    assert reading.items == items


@pytest.mark.parametrize("format_", FORMATS, ids=named)
@PROPERTY
@given(items=values)
def test_failed_body(format_: Format, items: list[Any]) -> None:
    """Every item before the failure comes out; then the failure; and a plain JSON parser refuses the body."""
    body = encode(format_, items, problem=PROBLEM)
    reading = read(format_.decoder(), [body])
    if isinstance(format_, NDJSON | JSONSeq):
        assert reading.items == items
        assert isinstance(reading.error, StreamFailed)
        assert reading.error.problem == PROBLEM
    else:
        assert reading.items == items
        assert type(reading.error) is Truncated
    last = body if isinstance(format_, JSON) else body.rsplit(b"\n", 1)[-1]
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(last)


@pytest.mark.parametrize("format_", [NDJSON(end=True), JSON()], ids=named)
@PROPERTY
@given(items=values, data=st.data())
def test_cut_body(format_: Format, items: list[Any], data: st.DataObject) -> None:
    """A body that is cut anywhere gives its first items and `Truncated`, never a short list without a word."""
    body = encode(format_, items)
    # Without its last LF a body of NDJSON is still whole.
    place = data.draw(st.integers(0, len(body.rstrip(b"\n")) - 1))
    reading = read(format_.decoder(), [body[:place]])
    assert type(reading.error) is Truncated
    ends = [len(_until(format_, items, count)) for count in range(1, len(items) + 1)]
    whole = sum(end <= place for end in ends)
    open_end = isinstance(format_, JSON) and place in ends and _open_end(items[:whole])
    assert reading.items == items[: whole - open_end]


def _until(format_: Format, items: list[Any], count: int) -> bytes:
    """The body until the end of its item number `count`."""
    part = encode(format_, items[:count])
    return part[: len(part) - len(format_.encoder().end(count))]


def _open_end(items: list[Any]) -> bool:
    """Whether the last item is a number or a literal, which only the byte behind it completes."""
    return bool(items) and not isinstance(items[-1], str | list | dict)


@PROPERTY
@given(items=values, data=st.data())
def test_cut_lines(items: list[Any], data: st.DataObject) -> None:
    """Without an end record each line that has its LF is delivered, and half a record is an error."""
    body = encode(NDJSON(), items)
    place = data.draw(st.integers(0, len(body)))
    reading = read(NDJSON().decoder(), [body[:place]])
    whole = body[:place].count(b"\n")
    rest = body[:place].rsplit(b"\n", 1)[-1]
    if not rest:
        assert reading.error is None
    elif rest == body.split(b"\n")[whole] and not rest[-1:].isdigit():
        assert reading.error is None
        whole += 1
    else:
        assert type(reading.error) is Truncated
    assert reading.items == items[:whole]


@PROPERTY
@given(body=event_stream_garbage, data=st.data())
def test_any_event_stream_is_read_as_the_standard_says(body: bytes, data: st.DataObject) -> None:
    """No bytes are an error, and the pieces make no difference."""
    expected = Reference().read(body)
    decoder = EventStream().decoder()
    reading = read(decoder, pieces_of(body, data.draw(cuts(body))))
    assert reading.error is None
    assert reading.items == expected.events
    assert decoder.last_event_id == expected.last_event_id
    assert decoder.retry == expected.retry


@pytest.mark.parametrize(
    "format_", [EventStream(), *FORMATS, CSV(), CSV(header=False), Text(), Bytes()], ids=named
)
@pytest.mark.parametrize("limits", [Limits(), SMALL], ids=["wide", "small"])
@PROPERTY
@given(body=json_garbage | event_stream_garbage | csv_garbage, data=st.data())
def test_pieces_make_no_difference(format_: Format, limits: Limits, body: bytes, data: st.DataObject) -> None:
    """The same items and the same error for any bytes at all, with limits passed here and there."""
    whole = read(format_.decoder(limits), [body])
    bytewise = read(format_.decoder(limits), pieces_of(body, range(1, len(body))))
    pieces = read(format_.decoder(limits), pieces_of(body, data.draw(cuts(body))))
    if isinstance(format_, Text | Bytes):
        join = "" if isinstance(format_, Text) else b""
        for reading in (whole, bytewise, pieces):
            reading.items = [join.join(reading.items)]
    assert whole.outcome == bytewise.outcome == pieces.outcome


@PROPERTY
@given(rows=st.lists(st.lists(text, min_size=2, max_size=2), max_size=6), data=st.data())
def test_rows_of_text(rows: list[list[str]], data: st.DataObject) -> None:
    """Are the same to Python's own reader, and to the decoder in pieces; guarded too, but for the guard."""
    body = encode(CSV(header=False, guard=False), rows)
    assert list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True)) == rows
    reading = read(CSV(header=False).decoder(), pieces_of(body, data.draw(cuts(body))))
    assert reading.error is None
    assert reading.items == rows
    guarded = read(CSV(header=False).decoder(), [encode(CSV(header=False), rows)]).items
    pairs = zip(chain(*guarded), chain(*rows), strict=True)
    assert all(cell == plain or cell == "'" + plain for cell, plain in pairs)
    assert not any(cell[:1] in FORMULA and not NUMBER.fullmatch(cell) for cell in chain(*guarded) if cell)


FORMULA = "=+-@\t\r\n"
NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?")


@PROPERTY
@given(
    items=values,
    place=st.integers(0, 10**6),
    change=st.sampled_from([*(bytes([b]) for b in b'[]{},:"\\ 0-e.\nt'), b""]),
)
def test_a_damaged_array_is_what_json_says(items: list[Any], place: int, change: bytes) -> None:
    """One byte changed: the decoder takes what Python's own parser takes, and refuses what that refuses."""
    body = encode(JSON(), items)
    place %= len(body)
    body = body[:place] + change + body[place + 1 :]
    reading = read(JSON().decoder(), [body])
    try:
        expected = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        expected = None
    if isinstance(expected, list) and not _beyond(body):
        assert reading.error is None
        assert reading.items == expected
    else:
        assert isinstance(reading.error, DecodeError)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _beyond(body: bytes) -> bool:
    """Whether it has what RFC 8259 leaves to the parser: numbers past a double, halves of surrogate pairs."""
    found: list[Any] = [json.loads(body)]
    while found:
        item = found.pop()
        if isinstance(item, float) and item in {float("inf"), float("-inf")}:
            return True
        if (
            isinstance(item, str)
            and not item.isascii()
            and any("\ud800" <= character <= "\udfff" for character in item)
        ):
            return True
        if isinstance(item, list):
            found += item
        elif isinstance(item, dict):
            found += [*item, *item.values()]
    return False


@PROPERTY
@given(items=st.lists(events, max_size=6))
def test_events_round_trip(items: list[Event]) -> None:
    """Through the standard's own algorithm: data line by line, names, and ids that stick."""
    body = encode(EventStream(), items)
    expected: list[Event] = []
    last_event_id, retry = "", None
    for item in items:
        last_event_id = last_event_id if item.id is None else item.id
        retry = retry if item.retry is None else item.retry
        if item.data is UNSET:
            continue
        data = item.data if isinstance(item.data, str) else encode(NDJSON(), [item.data]).decode()[:-1]
        lines = data.replace("\r\n", "\n").replace("\r", "\n")
        expected.append(Event(lines, event=item.event or None, id=last_event_id))
    reference = Reference().read(body)
    *given_, end = reference.events
    assert given_ == expected
    assert (end.event, end.id, json.loads(end.data)) == ("end", "~end", {"count": len(given_)})
    assert reference.retry == retry
    assert read(EventStream().decoder(), [body]).items == reference.events
