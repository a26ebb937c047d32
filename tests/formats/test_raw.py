"""Text and bytes as they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace import Bytes, Event, Limits, Offer, Problem, Text
from tailrace.errors import EncodeError, LimitExceeded
from tailrace.formats import encode
from tests.formats import strategies
from tests.formats.vector_runner import PROPERTY, pieces_of, read


@PROPERTY
@given(items=st.lists(strategies.text, max_size=6), data=st.data())
def test_text_round_trip(items: list[str], data: st.DataObject) -> None:
    """Nothing is added, and no character is cut in two."""
    body = encode(Text(), items)
    assert body == "".join(items).encode()
    reading = read(Text().decoder(), pieces_of(body, data.draw(strategies.cuts(body))))
    assert "".join(reading.items) == "".join(items)
    assert "\ufffd" not in "".join(reading.items) or "\ufffd" in "".join(items)


@PROPERTY
@given(items=st.lists(st.binary(max_size=8), max_size=6), data=st.data())
def test_bytes_round_trip(items: list[bytes], data: st.DataObject) -> None:
    """Nothing is added."""
    body = encode(Bytes(), items)
    assert body == b"".join(items)
    assert b"".join(read(Bytes().decoder(), pieces_of(body, data.draw(strategies.cuts(body)))).items) == body


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"a\xf0\x9f", b"\x98\x80b"], ["a", "\U0001f600b"]),
        ([b"\xe2", b"\x82", b"\xac"], ["\u20ac"]),
        ([b"a\xe2\x82"], ["a", "\ufffd"]),
        ([b"\xff", b"a"], ["\ufffd", "a"]),
        ([b"\xef\xbb\xbfa"], ["\ufeffa"]),
        ([b"a\r", b"\nb\xe2\x80\xa8c"], ["a\r", "\nb\u2028c"]),
    ],
)
def test_text_is_decoded_as_it_comes(pieces: list[bytes], expected: list[str]) -> None:
    """Each piece as far as its last whole character."""
    assert read(Text().decoder(), pieces).items == expected


@pytest.mark.parametrize(
    ("format_", "item", "says"),
    [
        (Text(), b"bytes", "record 1.*str, got bytes"),
        (Text(), 5, "record 1.*str, got int"),
        (Text(), None, "record 1.*str, got NoneType"),
        (Text(), {"a": 1}, "record 1.*str, got dict"),
        (Text(), Event(5), "record 1.*str"),
        (Text(), "a\ud800", "record 1.*surrogate"),
        (Bytes(), "text", "record 1.*bytes, got str"),
        (Bytes(), 5, "record 1.*bytes, got int"),
        (Bytes(), [1, 2], "record 1.*bytes, got list"),
        (Bytes(), Event("x"), "record 1.*bytes"),
    ],
    ids=repr,
)
def test_other_items_are_refused(format_: Text | Bytes, item: Any, says: str) -> None:
    """`bytes(5)` would be five zeros, and a list of numbers a file."""
    with pytest.raises(EncodeError, match=says) as caught:
        encode(format_, ["a" if isinstance(format_, Text) else b"a", item])
    assert caught.value.record == 1


def test_events_are_their_data() -> None:
    """And nothing without data."""
    assert encode(Text(), [Event("a", id="1"), Event(id="2"), "b"]) == b"ab"
    assert encode(Bytes(), [Event(b"a"), Event(comment="x"), bytearray(b"b"), memoryview(b"c")]) == b"abc"


def test_the_body_has_nothing_but_the_items() -> None:
    """No opening, no end and no failure: there is no room for one."""
    for format_ in (Text(), Bytes()):
        assert encode(format_, []) == b""
        assert encode(format_, [], problem=Problem(title="T")) == b""


@pytest.mark.parametrize("format_", [Text(), Bytes()], ids=repr)
def test_total(format_: Text | Bytes) -> None:
    """The one limit that they have; what fits comes out first."""
    reading = read(format_.decoder(Limits(total=5)), [b"abc", b"def"])
    assert len(reading.items) == 2
    assert isinstance(reading.error, LimitExceeded)
    assert "5" in str(reading.error)


def test_media_types() -> None:
    """The ones that were given."""
    assert Text().media_types == ("text/plain; charset=utf-8",)
    assert Text("text/csv").media_types == ("text/csv",)
    assert Bytes().media_types == ("application/octet-stream",)
    assert Bytes("application/pdf").media_types == ("application/pdf",)


@pytest.mark.parametrize(
    "wrong",
    [
        "text",
        "text/*",
        "*/*",
        "text/plain; q=0.5",
        "text/csv; header",
        "text/plain; charset=utf 8",
        "text/plän",
        "text/x; t=\u20ac",
        "text/a, text/b",
        "",
        "text/plain\r\n",
    ],
)
@pytest.mark.parametrize("format_", [Text, Bytes])
def test_what_is_no_media_type_is_refused(format_: type[Text | Bytes], wrong: str) -> None:
    """By whoever makes the format: later it would be taken for the client's mistake."""
    with pytest.raises(ValueError, match="expected type/subtype"):
        format_(wrong)


def test_a_format_of_ones_own_has_media_types_too() -> None:
    class Own(Text):
        media_types = ("own",)

    with pytest.raises(ValueError, match="'own': expected type/subtype"):
        Offer(Own())
