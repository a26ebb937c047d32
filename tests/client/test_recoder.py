"""Items of a document are made as those of a line are, whatever the type is strict about."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - both look for it here
from decimal import Decimal  # noqa: TC003 - the same
from typing import Any
from uuid import UUID  # noqa: TC003 - the same

import msgspec
import pytest
from pydantic import BaseModel, ConfigDict

from tailrace._items import decoder_of, recoder_of
from tailrace.errors import DecodeError


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    at: dt.datetime
    who: UUID
    tags: tuple[str, ...]
    data: bytes


class Order(msgspec.Struct):
    at: dt.datetime
    price: Decimal
    data: bytes


STRICT: dict[str, Any] = {
    "at": "2026-01-02T03:04:05Z",
    "who": "12345678-1234-5678-1234-567812345678",
    "tags": ["a"],
    "data": "eA==",
}
ORDER: dict[str, Any] = {"at": "2026-01-02T03:04:05Z", "price": 0.1, "data": "eA=="}


@pytest.mark.parametrize(
    ("item_type", "value"),
    [(Strict, STRICT), (Order, ORDER), (int, 10**30), (float, 1.0), (list[str], ["\u2028é"]), (Any, ORDER)],
    ids=["pydantic", "msgspec", "a-large-number", "a-fraction", "text", "any"],
)
def test_as_from_the_text(item_type: Any, value: Any) -> None:
    made = recoder_of(item_type)(value)
    assert made == decoder_of(item_type)(msgspec.json.encode(value))
    assert type(made) is (dict if item_type is Any else getattr(item_type, "__origin__", item_type))


@pytest.mark.parametrize(
    ("item_type", "value", "path"),
    [(Strict, STRICT | {"tags": [1]}, "$.tags[0]"), (Order, ORDER | {"at": "x"}, "$.at"), (int, 1.5, "$")],
)
def test_what_is_wrong_is_said_with_its_path(item_type: Any, value: Any, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        recoder_of(item_type)(value)
    assert caught.value.path == path


def test_what_no_text_can_hold_is_the_senders_fault() -> None:
    """Half a surrogate pair, which JSON can escape but UTF-8 has no bytes for."""
    with pytest.raises(DecodeError, match="surrogate"):
        recoder_of(str)("\ud800")


def test_what_is_no_type_is_refused() -> None:
    with pytest.raises(TypeError):
        recoder_of(7)
