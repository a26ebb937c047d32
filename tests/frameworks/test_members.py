"""Which members a `Stream[Order]` finds in an item, and which it writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

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


@pytest.mark.parametrize("item", [OfAnORM(), {"id": 1, "theName": "Bob"}], ids=["object", "mapping"])
def test_a_member_is_found_by_the_name_that_its_kind_has(item: Any) -> None:
    assert app_of([item], Aliased).get("/").json() == {"id": 1, "theName": "Bob"}


class Swapped(pydantic.BaseModel):
    a: int = pydantic.Field(alias="b")
    b: int = pydantic.Field(0, alias="c")


def test_a_mapping_has_the_names_of_the_wire() -> None:
    """Another member's own name is none of them."""
    assert app_of([{"b": 1}], Swapped).get("/").json() == {"b": 1, "c": 0}


@dataclass(slots=True)
class Below:
    x: int = 0


@dataclass
class InASlot(Below):
    y: int = 1


class Upper:
    """A descriptor that keeps its value under another name."""

    def __get__(self, instance: Any, owner: Any) -> str:
        return "default" if instance is None else instance.kept

    def __set__(self, instance: Any, value: str) -> None:
        instance.kept = value.upper()


@dataclass
class Described:
    name: str = Upper()  # type: ignore[assignment] - as libraries do it


@dataclass
class Computed:
    x: int
    y: int = field(init=False, default=3)


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)
    hidden: str = "no"

    def __post_init__(self) -> None:
        for child in self.children:
            child._parent = self  # type: ignore[attr-defined] - no member


LEAF = {"name": "b", "children": [], "hidden": "no"}
T = TypeVar("T")


@dataclass
class Of(Generic[T]):
    value: T
    note: str = "none"


@pytest.mark.parametrize(
    ("item_type", "item", "value"),
    [
        (InASlot, InASlot(5, 6), {"x": 5, "y": 6}),
        (InASlot, {"x": 5}, {"x": 5, "y": 1}),
        (Computed, {"x": 1}, {"x": 1}),
        (Tree, {"name": "a", "children": [{"name": "b"}]}, {"name": "a", "children": [LEAF], "hidden": "no"}),
        (Of[int], {"value": 1}, {"value": 1, "note": "none"}),
        (list[Of[int]], [{"value": 1}], [{"value": 1, "note": "none"}]),
        (tuple[int, list[str]], Pair(1, ["a"]), [1, ["a"]]),
        (Pair | None, Pair(1, ["a"]), [1, ["a"]]),
        (list[int], (1, 2), [1, 2]),
    ],
)  # fmt: skip
def test_what_a_value_has_stays(item_type: Any, item: Any, value: Any) -> None:
    assert app_of([item], item_type).get("/").json() == value


def test_the_users_own_value_stays_as_it_is() -> None:
    item = Computed(1)
    before = dict(vars(item))
    described = Described("bob")
    app_of([item], Computed).get("/")
    assert app_of([{"inside": described}], dict[str, Any]).get("/").status_code == 200
    assert (vars(item), vars(described)) == (before, {"kept": "BOB"})


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
