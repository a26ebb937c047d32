"""How an item is written does not depend on the items before it."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import pydantic
import pytest
from msgspec import UNSET

from tailrace import JSON, NDJSON, Event, EventStream, JSONSeq
from tailrace.formats import Format, encode


class Model(pydantic.BaseModel):
    x: str = "\u2028"


class Other(pydantic.BaseModel):
    y: int = pydantic.Field(default=2, serialization_alias="why")


class Named(Event):
    """An application's own kind of event."""


ITEMS: dict[str, Any] = {
    "value": {"a": "\u2028"},
    "text": "t",
    "model": Model(),
    "another model": Other(),
    "a model inside": {"a": [Model(), Other()]},
    "an event inside": {"a": Event(1)},
    "event": Event("v\u2028", id="1\u2028", event="e"),
    "event with a value": Event({"a": "\u2028"}, id="2"),
    "event with a model": Event(Other(), event="m"),
    "kind of event": Named("n", id="3"),
    "event without data": Event(id="4", comment="\u2029"),
}
FORMATS: list[Format] = [EventStream(), NDJSON(), NDJSON(end=True), JSON(), JSONSeq()]


def alone(format_: Format, item: Any) -> bytes:
    """The item's own bytes, as in a body that has no other."""
    encoder = format_.encoder()
    whole = encode(format_, [item])
    count = int(not (isinstance(item, Event) and item.data is UNSET))
    if isinstance(format_, EventStream):
        return whole.removeprefix(encoder.opening).partition(b"event: end\n")[0]
    return whole.removeprefix(encoder.opening).removesuffix(encoder.end(count))


def expected(format_: Format, items: list[Any]) -> bytes:
    """The body that the items make, each written alone."""
    pieces = [piece for piece in (alone(format_, item) for item in items) if piece]
    encoder = format_.encoder()
    count = sum(not (isinstance(item, Event) and item.data is UNSET) for item in items)
    between = b"," if isinstance(format_, JSON) else b""
    return encoder.opening + between.join(pieces) + format_.encoder().end(count)


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@pytest.mark.parametrize("before", ITEMS)
def test_after_another(format_: Format, before: str) -> None:
    """Each item behind each other one, and behind two."""
    for names in [(before, name) for name in ITEMS] + [(before, *pair) for pair in product(ITEMS, repeat=2)]:
        items = [ITEMS[name] for name in names]
        body = encode(format_, items)
        if isinstance(format_, EventStream):
            body, wanted = (text.partition(b"event: end\n")[0] for text in (body, expected(format_, items)))
        else:
            wanted = expected(format_, items)
        assert body == wanted, names


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
def test_all_of_them(format_: Format) -> None:
    """Some orders of four; and the count is that of what has data."""
    for names in list(permutations(ITEMS, 4))[::37]:
        items = [ITEMS[name] for name in names]
        count = sum(not (isinstance(item, Event) and item.data is UNSET) for item in items)
        body = encode(format_, items)
        assert body.startswith(format_.encoder().opening)
        if isinstance(format_, EventStream):
            assert body.endswith(b'data: {"count":%d}\n\n' % count)
        else:
            assert body == expected(format_, items), names
