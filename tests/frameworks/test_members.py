"""Which members a `Stream[Order]` finds in an item, and which it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import pydantic
import pytest

from tests.frameworks.typed import Model, MoreModel, Plain, Struct, app_of


@dataclass
class Price:
    amount: float
    currency: str = "EUR"


@dataclass
class Priced:
    id: int
    total: float = 0.0
    price: Price | None = None


@dataclass(slots=True)
class Slotted:
    id: int
    total: float = 0.0
    prices: tuple[Price, ...] = ()


class Holding(msgspec.Struct):
    prices: dict[str, list[Price]]


EUROS = {"amount": 2.0, "currency": "EUR"}


@pytest.mark.parametrize(
    ("item_type", "item", "value"),
    [
        (Priced, {"id": 1}, {"id": 1, "total": 0.0, "price": None}),
        (Priced, Priced(1), {"id": 1, "total": 0.0, "price": None}),
        (Priced, {"id": 1, "price": {"amount": 2}}, {"id": 1, "total": 0.0, "price": EUROS}),
        (Slotted, {"id": 1, "prices": [{"amount": 2}]}, {"id": 1, "total": 0.0, "prices": [EUROS]}),
        (Holding, {"prices": {"a": [{"amount": 2}]}}, {"prices": {"a": [EUROS]}}),
    ],
)  # fmt: skip
def test_a_member_that_is_not_given_has_its_default(item_type: Any, item: Any, value: Any) -> None:
    assert app_of([item], item_type).get("/").json() == value


class Pair(NamedTuple):
    id: int
    tags: list[str]


@pytest.mark.parametrize("item_type", [Plain, Struct, Model, Pair], ids=lambda kind: kind.__name__)
def test_a_named_tuple_has_members(item_type: Any) -> None:
    found = app_of([Pair(1, ["a"])], item_type).get("/").json()
    assert found in ({"id": 1, "tags": ["a"]}, {"ID": 1, "tags": ["a"]}, [1, ["a"]])


class Aliased(pydantic.BaseModel):
    id: int
    name: str = pydantic.Field("default", alias="theName")


class OfAnORM:
    id = 1
    name = "Bob"


@pytest.mark.parametrize("item", [OfAnORM(), {"id": 1, "name": "Bob"}, {"id": 1, "theName": "Bob"}], ids=repr)
def test_a_member_is_found_by_either_name(item: Any) -> None:
    assert app_of([item], Aliased).get("/").json() == {"id": 1, "theName": "Bob"}


@dataclass
class Tags:
    plain: list[int]
    nested: dict[str, list[str]]


@dataclass
class Notes:
    plain: list[int]
    nested: dict[str, list[str]]


@dataclass
class Team:
    members: list[Model]


@dataclass
class Wide:
    """Of many parts, whose types are made for the look at them and gone behind it."""

    tags: Tags
    notes: Notes
    team: Team


def test_a_model_is_found_wherever_it_is() -> None:
    parts = {"plain": [], "nested": {}}
    for member in (MoreModel(id=1, tags=[]), {"id": 1, "tags": [], "password": "secret"}):
        item = {"tags": parts, "notes": parts, "team": {"members": [member]}}
        assert app_of([item], Wide).get("/").json()["team"] == {"members": [{"ID": 1, "tags": []}]}
