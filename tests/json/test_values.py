"""What each kind of value is in JSON: the same in every format."""

from __future__ import annotations

import dataclasses
import json
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from functools import partial
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import attrs
import msgspec
import pydantic
import pydantic_core
import pytest

from tailrace import JSON, NDJSON, Event, EventStream
from tailrace.formats import encode


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Name(StrEnum):
    ADA = "ada"


class Flag(IntFlag):
    A = 1
    B = 2


@dataclasses.dataclass
class Point:
    x: Any
    when: date | None


@attrs.define
class Pair:
    left: Any
    right: Any


class Struct(msgspec.Struct, rename="camel"):
    some_value: Any


class Row(NamedTuple):
    a: int
    b: str


class Model(pydantic.BaseModel):
    some_value: int = pydantic.Field(serialization_alias="someValue")
    when: datetime

    @pydantic.field_serializer("when")
    def _seconds(self, when: datetime) -> int:
        return int(when.timestamp())


class Outer(pydantic.BaseModel):
    inner: Model
    secret: str = pydantic.Field(exclude=True)

    @pydantic.computed_field  # type: ignore[prop-decorator] - mypy knows no such property
    @property
    def total(self) -> Decimal:
        return Decimal("1.10")


class Numbers(pydantic.RootModel[list[int]]):
    pass


class Readings(Mapping[str, int]):
    def __getitem__(self, name: str) -> int:
        return {"a": 1}[name]

    def __iter__(self) -> Iterator[str]:
        return iter("a")

    def __len__(self) -> int:
        return 1


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


MODEL = Model(some_value=1, when=datetime(2026, 1, 2, tzinfo=UTC))
MODEL_JSON = {"someValue": 1, "when": 1767312000}
Loose = namedtuple("Loose", "p q")  # noqa: PYI024 - the untyped kind is tested too

VALUES: list[tuple[Any, Any]] = [
    (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
    (
        datetime(2026, 1, 2, 3, 4, 5, 678),  # noqa: DTZ001 - a naive one goes out without an offset
        "2026-01-02T03:04:05.000678",
    ),
    (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T03:04:05+02:00"),
    (date(2026, 1, 2), "2026-01-02"),
    (time(1, 2, 3), "01:02:03"),
    (timedelta(days=1, seconds=2), "P1DT2S"),
    (UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678"),
    (Decimal("1.10"), "1.10"),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (Name.ADA, "ada"),
    (Flag.A | Flag.B, 3),
    (Point(1, date(2026, 1, 2)), {"x": 1, "when": "2026-01-02"}),
    (Pair(1, [Pair(None, "x")]), {"left": 1, "right": [{"left": None, "right": "x"}]}),
    (Struct(5), {"someValue": 5}),
    (Row(1, "x"), [1, "x"]),
    (Loose(1, 2), [1, 2]),
    ((1, 2), [1, 2]),
    ({1}, [1]),
    (frozenset({"a"}), ["a"]),
    (b"\x00\xff", "AP8="),
    (bytearray(b"a"), "YQ=="),
    (memoryview(b"a"), "YQ=="),
    (MODEL, MODEL_JSON),
    ({"a": [MODEL]}, {"a": [MODEL_JSON]}),
    (Point(MODEL, None), {"x": MODEL_JSON, "when": None}),
    (Pair(MODEL, Struct(MODEL)), {"left": MODEL_JSON, "right": {"someValue": MODEL_JSON}}),
    (Outer(inner=MODEL, secret="s"), {"inner": MODEL_JSON, "total": "1.10"}),  # noqa: S106 - no secret
    (Numbers([1, 2]), [1, 2]),
    (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (defaultdict(list, a=[1]), {"a": [1]}),
    (Readings(), {"a": 1}),
    (Text("x"), "x"),
    (Whole(5), 5),
    ({Text("k"): Text("v")}, {"k": "v"}),
    (IPv4Address("127.0.0.1"), "127.0.0.1"),
    (PurePosixPath("a/b"), "a/b"),
    (Event({"a": 1}), {"a": 1}),
    ({"nested": Event([1])}, {"nested": [1]}),
    (float("nan"), None),
    (float("inf"), None),
    ([float("-inf"), {"a": float("nan")}], [None, {"a": None}]),
    (Pair(float("nan"), 1), {"left": None, "right": 1}),
    ({1: "a", 2: "b"}, {"1": "a", "2": "b"}),
    ({Colour.RED: 1}, {"red": 1}),
    ({date(2026, 1, 2): 1}, {"2026-01-02": 1}),
    ({UUID(int=1): 1}, {"00000000-0000-0000-0000-000000000001": 1}),
    ({None: 1, True: 2, False: 3}, {"null": 1, "true": 2, "false": 3}),
    (2**64 - 1, 2**64 - 1),
    (-(2**63), -(2**63)),
    (2**64, 2**64),
    (-(2**63) - 1, -(2**63) - 1),
    ([10**40], [10**40]),
    (-0.0, -0.0),
    (1e300, 1e300),
    (0.1 + 0.2, 0.1 + 0.2),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=lambda value: type(value).__name__)
def test_value(value: Any, expected: Any) -> None:
    """In NDJSON, in an array, and as an event's data."""
    assert json.loads(encode(NDJSON(), [value])) == expected
    assert json.loads(encode(JSON(), [0, value])) == [0, expected]
    for item in (value, Event([value], id="1")):
        line = encode(EventStream(), [item]).split(b"\n\n")[1].rsplit(b"data: ", 1)[1]
        assert json.loads(line) == ([expected] if isinstance(item, Event) and item is not value else expected)


@pytest.mark.parametrize("value", [{3, 1, 2}, frozenset("cab")], ids=lambda value: type(value).__name__)
def test_sets(value: Any) -> None:
    """In any order."""
    assert sorted(json.loads(encode(NDJSON(), [value]))) == sorted(value)


@pydantic.dataclasses.dataclass
class Described:
    some_value: int = pydantic.Field(serialization_alias="someValue")

    @pydantic.field_serializer("some_value")
    def _double(self, value: int) -> int:
        return value * 2


def test_pydantic_dataclasses_are_dataclasses() -> None:
    """A limit that docs/why.md names: msgspec writes every dataclass itself and never asks the hook."""
    assert json.loads(encode(NDJSON(), [Described(some_value=2)])) == {"some_value": 2}


def test_pydantic_dataclasses_with_pydantics_own_encoder() -> None:
    """The way out: pydantic writes the whole item."""
    encoder = partial(pydantic_core.to_json, by_alias=True)
    body = encode(NDJSON(), [{"a": [Described(some_value=2)]}], encoder=encoder)
    assert json.loads(body) == {"a": [{"someValue": 4}]}


def test_pydantic_cannot_write_what_json_does_not_have() -> None:
    """Not even where the model is told to."""

    class Constants(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")
        x: float

    assert json.loads(encode(NDJSON(), [Constants(x=float("nan"))])) == {"x": None}


def test_output_is_compact() -> None:
    """No white space, and no line ends, whatever is inside."""
    assert encode(NDJSON(), [{"a": [1, {"b": "c\nd"}]}, MODEL]) == (
        b'{"a":[1,{"b":"c\\nd"}]}\n{"someValue":1,"when":1767312000}\n'
    )


@pytest.mark.parametrize("format_", [NDJSON(), JSON(), EventStream()], ids=repr)
def test_separators_are_escaped_in_whatever_is_written(format_: NDJSON | JSON | EventStream) -> None:
    """U+2028, U+2029 and U+0085 end a line for some readers (`str.splitlines`); a model has its own writer."""

    class Said(pydantic.BaseModel):
        text: str

    body = encode(format_, [Said(text="a\u2028b"), {"\u2029": "\u0085\u00e9"}, Pair("\u2028", 1)]).decode()
    assert not {"\u2028", "\u2029", "\u0085"} & set(body)
    assert "\\u2028" in body
    assert "\\u0085\u00e9" in body


def test_the_caller_keeps_what_it_gave() -> None:
    """Nothing is added to an item, taken from it or replaced in it."""
    inner: dict[str, Any] = {"nan": float("inf"), "model": MODEL, "set": {1}, "event": Event("x")}
    item = {"inner": [inner], "data": "d", "id": "1"}
    before = {"inner": [dict(inner)], "data": "d", "id": "1"}
    for format_ in (NDJSON(), JSON(), EventStream()):
        encode(format_, [item, Event(item)])
        encode(format_, [{"a": item}], encoder=lambda value: json.dumps(value, default=str))
    assert item == before
    assert list(item) == list(before)
    assert inner["model"] is MODEL


@pytest.mark.parametrize("format_", [NDJSON(), JSON()], ids=repr)
def test_a_source_may_use_one_dict_again(format_: NDJSON | JSON) -> None:
    """Each item is written before the source goes on."""

    def source() -> Iterator[dict[str, int]]:
        row = {"n": 0}
        for number in range(3):
            row["n"] = number
            yield row

    body = encode(format_, source())
    assert [int(digit) for digit in body.decode() if digit.isdigit()] == [0, 1, 2]
