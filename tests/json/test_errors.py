"""What cannot be written says which record, which place in it and why."""

from __future__ import annotations

import dataclasses
from typing import Any

import attrs
import msgspec
import orjson
import pydantic
import pytest

from tailrace import JSON, NDJSON, Event, EventStream, JSONSeq
from tailrace.errors import EncodeError
from tailrace.formats import encode


class Unknown:
    pass


@dataclasses.dataclass
class Point:
    x: Any


@attrs.define
class Pair:
    left: Any


class Struct(msgspec.Struct):
    field: Any


class Bad(pydantic.BaseModel):
    x: int

    @pydantic.field_serializer("x")
    def _fail(self, _x: int) -> int:
        msg = "this model refuses"
        raise ValueError(msg)


class NoText:
    def __repr__(self) -> str:
        msg = "not even this"
        raise ValueError(msg)


def itself() -> list[Any]:
    """A list that contains itself."""
    item: list[Any] = []
    item.append(item)
    return item


def deep() -> list[Any]:
    """A list in a list in a list."""
    item: list[Any] = []
    for _ in range(100_000):
        item = [item]
    return item


CASES: list[tuple[Any, str, str]] = [
    (Unknown(), "$", "Unknown"),
    ({"a": [1, 2, {"b": Unknown()}]}, "$.a[2].b", "Unknown"),
    ([[], [Unknown()]], "$[1][0]", "Unknown"),
    ((1, Unknown()), "$[1]", "Unknown"),
    (Point(Unknown()), "$.x", "Unknown"),
    ({"p": Point([Unknown()])}, "$.p.x[0]", "Unknown"),
    (Pair(Unknown()), "$.left", "Unknown"),
    (Struct({"a": Unknown()}), "$.field.a", "Unknown"),
    ({"a": object()}, "$.a", "object"),
    ({"a": len}, "$.a", "builtin_function_or_method"),
    ({"a": (_ for _ in "")}, "$.a", "generator"),
    ({"a": 1j}, "$.a", "complex"),
    ({"a": {"b": "x\ud800"}}, "$.a.b", "surrogate"),
    (["\udfff"], "$[0]", "surrogate"),
    ({"a": Bad(x=1)}, "$.a", "refuses"),
    ([NoText()], "$[0]", "NoText"),
    ({"a": Event(Unknown())}, "$.a", "Unknown"),
]
FORMATS = [NDJSON(), JSON(), EventStream(), JSONSeq()]


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@pytest.mark.parametrize(("item", "path", "says"), CASES, ids=[f"{path}:{says}" for _, path, says in CASES])
def test_place(format_: NDJSON | JSON | EventStream, item: Any, path: str, says: str) -> None:
    """The third item is the one; `$` is the item itself, and an event's data."""
    for wrong in (item, Event(item)):
        with pytest.raises(EncodeError) as caught:
            encode(format_, [1, {"fine": True}, wrong, 4])
        assert caught.value.record == 2
        assert caught.value.path == path
        for text in ("record 2", path, says):
            assert text in str(caught.value)


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@pytest.mark.parametrize("item", [itself(), deep(), {"a": itself()}], ids=["itself", "deep", "inside"])
def test_no_end_of_nesting(format_: NDJSON | JSON | EventStream, item: Any) -> None:
    """Is refused, soon and in one piece."""
    with pytest.raises(EncodeError, match="nested too deeply") as caught:
        encode(format_, [item])
    assert caught.value.record == 0


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@pytest.mark.parametrize(
    "item", [{"id": 7, "a": Event(id="1")}, Event({"id": 7, "a": Event(retry=1)})], ids=["item", "data"]
)
def test_an_event_without_data_inside_an_item(format_: NDJSON | JSON | EventStream, item: Any) -> None:
    """Says nothing as an item; inside one it must not take the whole record with it in silence."""
    with pytest.raises(EncodeError, match="an Event without data") as caught:
        encode(format_, [1, item])
    assert caught.value.record == 1


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@pytest.mark.parametrize(
    ("name", "says"),
    [(Unknown(), "Unknown"), ((1, 2), "tuple"), ("\ud800", "surrogate"), (object(), "object")],
    ids=["unknown", "tuple", "surrogate", "object"],
)
def test_member_names(format_: NDJSON | JSON | EventStream, name: Any, says: str) -> None:
    """A name that is no text is refused, and said to be a name."""
    with pytest.raises(EncodeError, match="the member name") as caught:
        encode(format_, [{"a": {name: 1}}])
    assert caught.value.path is not None
    assert caught.value.path.startswith("$.a")
    assert says in str(caught.value)


@pytest.mark.parametrize("encoder", [orjson.dumps, msgspec.json.encode], ids=["orjson", "msgspec"])
def test_place_with_another_encoder(encoder: Any) -> None:
    """Whoever writes, the place is found."""
    with pytest.raises(EncodeError) as caught:
        encode(NDJSON(), [{}, {"a": [1, Unknown()]}], encoder=encoder)
    assert (caught.value.record, caught.value.path) == (1, "$.a[1]")


def test_the_cause_is_kept() -> None:
    """For the log."""
    with pytest.raises(EncodeError) as caught:
        encode(NDJSON(), [{"a": Bad(x=1)}])
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "wrong", [5, "json", dict, object(), int], ids=["5", "text", "dict", "object", "int"]
)
def test_an_encoder_that_is_none(wrong: Any) -> None:
    """Is refused when the stream is made, not at its first item."""
    with pytest.raises(TypeError, match=r"encoder=.*expected a callable or a json\.JSONEncoder class"):
        NDJSON().encoder(wrong)


@pytest.mark.parametrize("document", [None, 5, {"a": 1}, ["x"]], ids=repr)
def test_an_encoder_that_writes_no_text(document: Any) -> None:
    """Names the record, as every other refusal does."""
    with pytest.raises(EncodeError) as caught:
        encode(NDJSON(), [1], encoder=lambda _value: document)
    assert caught.value.record == 0


def test_interrupts_are_no_encode_errors() -> None:
    """Ctrl-C inside a model's serialiser is still Ctrl-C."""

    def interrupted(_value: Any) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(NDJSON(), [1], encoder=interrupted)
