"""`encoder=`: another JSON encoder, with the same promises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import orjson
import pytest

from tailrace import JSON, NDJSON, Event, EventStream
from tailrace.errors import EncodeError
from tailrace.formats import encode

if TYPE_CHECKING:
    from tailrace._json import ForeignEncoder

NAN, INF = float("nan"), float("inf")


class Price:
    """Something that only the application's encoder knows."""

    def __init__(self, amount: float) -> None:
        self.amount = amount


class Encoder(json.JSONEncoder):
    """As applications write them."""

    def default(self, o: Any) -> Any:
        """Decimals as numbers, and the application's own."""
        if isinstance(o, Decimal):
            return float(o)
        if isinstance(o, datetime):
            return o.isoformat()
        if isinstance(o, Price):
            return {"amount": o.amount}
        return super().default(o)


class Indented(Encoder):
    """Told to be readable, which a record on one line cannot be."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"indent": 2}))


class Raw(Encoder):
    """Leaves characters as they are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"ensure_ascii": False}))


class Counted(json.JSONEncoder):
    """Counts its instances."""

    made = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        type(self).made += 1


ENCODERS: dict[str, ForeignEncoder | None] = {
    "msgspec": None,
    "msgspec.json.encode": msgspec.json.encode,
    "orjson.dumps": orjson.dumps,
    "orjson indented": partial(orjson.dumps, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
    "json.dumps": json.dumps,
    "json.dumps indented": partial(json.dumps, indent=2),
    "json.dumps raw": partial(json.dumps, ensure_ascii=False),
    "JSONEncoder": json.JSONEncoder,
    "subclass": Encoder,
    "indented subclass": Indented,
    "raw subclass": Raw,
}
EVERY = pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)


@EVERY
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (NAN, None),
        (-INF, None),
        ({"a": [NAN, {"b": INF}], "c": (1, NAN)}, {"a": [None, {"b": None}], "c": [1, None]}),
        ({"NaN": "NaN", "b": "-Infinity"}, {"NaN": "NaN", "b": "-Infinity"}),
        ({"text": 'a "NaN, b', "x": NAN}, {"text": 'a "NaN, b', "x": None}),
        ({"text": "\\", "x": [INF], "NaN": "Infinity"}, {"text": "\\", "x": [None], "NaN": "Infinity"}),
    ],
    ids=repr,
)
def test_what_json_does_not_have_is_null(encoder: ForeignEncoder | None, item: Any, expected: Any) -> None:
    """Whatever the encoder; and the words are left alone where they are text."""
    assert json.loads(encode(NDJSON(), [item], encoder=encoder), parse_constant=_refuse) == expected
    assert json.loads(encode(JSON(), [item], encoder=encoder), parse_constant=_refuse) == [expected]
    body = encode(EventStream(), [Event([item])], encoder=encoder)
    assert json.loads(body.split(b"data: ")[1].split(b"\n")[0], parse_constant=_refuse) == [expected]


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


@pytest.mark.parametrize(
    "encoder", [Encoder, Indented, Encoder().encode], ids=["class", "indented", "callable"]
)
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Price(1.5), {"amount": 1.5}),
        ({"a": [Price(NAN)]}, {"a": [{"amount": None}]}),
        (Decimal("NaN"), None),
        ({"a": Decimal("1.10"), "b": Decimal("Infinity")}, {"a": 1.1, "b": None}),
    ],
    ids=["plain", "nan", "decimal-nan", "decimals"],
)
def test_what_default_gives(encoder: ForeignEncoder, item: Any, expected: Any) -> None:
    """The promise holds for what only `default` sees."""
    assert json.loads(encode(NDJSON(), [item], encoder=encoder), parse_constant=_refuse) == expected


@EVERY
def test_a_record_is_one_line(encoder: ForeignEncoder | None) -> None:
    """Also where the encoder is told to indent, or writes characters that end lines for some readers."""
    items = [{"a": [1, {"b": "x\ny\r\u2028\u2029\u0085z"}]}, [], "\u00e9"]
    body = encode(NDJSON(), items, encoder=encoder)
    assert len(body.decode().splitlines()) == len(items)
    assert [json.loads(line) for line in body.splitlines()] == items
    assert json.loads(encode(JSON(), items, encoder=encoder)) == items
    events = encode(EventStream(), items, encoder=encoder).decode()
    assert events.count("data: ") == len(items) + 1
    assert all(line.partition(":")[0] in {"", "data", "event", "id"} for line in events.splitlines())


@EVERY
def test_events(encoder: ForeignEncoder | None) -> None:
    """Text as it is; other data through the encoder; the end record without it."""
    body = encode(EventStream(), [Event("a\nb", id="1"), Event({"a": 1}), "tick"], encoder=encoder)
    texts = [line.removeprefix("data: ") for line in body.decode().splitlines() if line.startswith("data: ")]
    assert texts[:2] == ["a", "b"]
    assert [json.loads(text) for text in texts[2:]] == [{"a": 1}, "tick", {"count": 3}]
    assert encode(NDJSON(), [Event({"a": 1}), Event(id="1")], encoder=encoder).count(b"\n") == 1


def test_what_the_encoder_says_is_what_goes_out() -> None:
    """Its own form of each value."""
    item = {"price": Decimal("1.10"), "when": datetime(2026, 1, 2, tzinfo=UTC)}
    assert encode(NDJSON(), [item], encoder=Encoder) == b'{"price":1.1,"when":"2026-01-02T00:00:00+00:00"}\n'
    assert (
        encode(NDJSON(), [UUID(int=1)], encoder=orjson.dumps) == b'"00000000-0000-0000-0000-000000000001"\n'
    )


def test_a_class_is_made_once_for_each_body() -> None:
    """Not once for each item."""
    before = Counted.made
    encode(NDJSON(), [1, 2, 3], encoder=Counted)
    assert Counted.made == before + 1


def test_a_class_writes_compactly() -> None:
    """`json.JSONEncoder` would put spaces in."""
    assert encode(JSON(), [{"a": [1, 2]}], encoder=json.JSONEncoder) == b'[{"a":[1,2]}]'


@EVERY
def test_what_it_does_not_know(encoder: ForeignEncoder | None) -> None:
    """Names record and place, whoever refuses."""
    with pytest.raises(EncodeError) as caught:
        encode(NDJSON(), [1, {"a": [{"b": object()}]}], encoder=encoder)
    assert (caught.value.record, caught.value.path) == (1, "$.a[0].b")


@EVERY
def test_the_end_and_the_failure_are_not_the_encoders(encoder: ForeignEncoder | None) -> None:
    """An encoder for the application's items cannot break the frame."""
    assert encode(NDJSON(end=True), [1], encoder=encoder) == b'1\n{"end":{"count":1}}\n'


def test_an_encoder_that_writes_nothing_of_json_is_not_let_through_the_frame() -> None:
    """A line end in the middle of a record would make two of it."""
    body = encode(NDJSON(), [1, 2], encoder=lambda value: f"[\n{value}\r\n]\r")
    assert body == b"[1]\n[2]\n"
    assert (
        encode(EventStream(), [1], encoder=lambda value: f"[\r{value}\n\n]").split(b"\n\n")[1] == b"data: [1]"
    )
