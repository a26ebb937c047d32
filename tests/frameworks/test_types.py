"""`Stream[Order]`: each item is an Order, or the server has failed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NewType

import annotated_types
import msgspec
import pydantic
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tailrace import CSV, NDJSON, Event, EventStream, JSONArray
from tailrace.asgi import Stream as Bare
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tailrace.formats import Format


@dataclass
class Plain:
    id: int
    tags: list[str]


class Struct(msgspec.Struct):
    id: int
    tags: list[str]


class Model(pydantic.BaseModel):
    id: int = pydantic.Field(serialization_alias="ID")
    tags: list[str]


@pydantic.dataclasses.dataclass
class ModelClass:
    id: int
    tags: list[str]


class Row:
    """What an ORM gives: more than the reader is to see."""

    def __init__(self) -> None:
        self.id = 1
        self.tags = ["a"]
        self.password = "secret"  # noqa: S105 - no secret


GOOD: list[Any] = [{"id": 1, "tags": ["a"], "password": "secret"}, Row()]


def good(item_type: Any) -> list[Any]:
    """pydantic makes its dataclasses of mappings only."""
    return GOOD[:1] * 2 if item_type is ModelClass else GOOD


TYPES: list[Any] = [Plain, Struct, Model, ModelClass]


def app_of(items: list[Any], item_type: Any, *formats: Format) -> TestClient:
    app = FastAPI()

    async def rows() -> AsyncIterator[Any]:
        for item in items:
            yield item

    @app.get("/")
    async def stream() -> Any:
        return Stream[item_type](rows(), formats=formats or (NDJSON(), JSONArray()))

    @app.get("/sync")
    async def sync() -> Any:
        return Stream[item_type](iter(items), formats=formats or (NDJSON(), JSONArray()))

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("path", ["/", "/sync"])
@pytest.mark.parametrize("item_type", TYPES, ids=lambda kind: kind.__name__)
def test_items_become_values(item_type: Any, path: str) -> None:
    """And so what is not a member is not on the wire."""
    lines = app_of(good(item_type), item_type).get(path).text.splitlines()
    name = "ID" if item_type is Model else "id"
    assert [json.loads(line) for line in lines] == [{name: 1, "tags": ["a"]}] * 2


@pytest.mark.parametrize("path", ["/", "/sync"])
@pytest.mark.parametrize("item_type", TYPES, ids=lambda kind: kind.__name__)
def test_a_wrong_item_is_the_servers_fault(
    item_type: Any, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """500 before the first item; a failed body after it; the log names the record and the path."""
    wrong = {"id": 2, "tags": ["a", 5]}
    answer = app_of([wrong], item_type).get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "tags" not in answer.text
    assert "record 0, path $.tags[1]: " in caplog.text
    caplog.clear()
    answer = app_of([*good(item_type), wrong], item_type).get(path)
    assert answer.status_code == 200
    *lines, last = answer.text.split("\n")
    assert len(lines) == 2
    assert last.startswith('{"problem":')
    assert "record 2, path $.tags[1]: " in caplog.text
    assert item_type.__name__ in caplog.text


@pytest.mark.parametrize(
    ("item_type", "item", "path"),
    [
        (int, "x", "$"),
        (list[Struct], [{"id": 1, "tags": []}, {"id": None, "tags": []}], "$[1].id"),
        (list[Model], [{"id": 1, "tags": []}, {"id": None, "tags": []}], "$[1].id"),
        (Annotated[int, msgspec.Meta(ge=5)], 1, "$"),
        (Model | None, {"id": 1}, "$.tags"),
    ],
    ids=str,
)
def test_any_type_will_do(item_type: Any, item: Any, path: str, caplog: pytest.LogCaptureFixture) -> None:
    assert app_of([item], item_type).get("/").status_code == 500
    assert f"record 0, path {path}: " in caplog.text


@pytest.mark.parametrize(
    ("format_", "body"),
    [
        (EventStream(), ':\n\nid: 7\ndata: {"id":1,"tags":["a"]}\n\nretry: 5\n\n'),
        (CSV("id"), '"id"\r\n1\r\n'),
        (JSONArray(), '[{"id":1,"tags":["a"]}]'),
    ],
    ids=repr,
)
def test_an_events_data_is_the_item(format_: Format, body: str) -> None:
    items = [Event(GOOD[0], id="7"), Event(retry=5)]
    assert app_of(items, Plain, format_).get("/").text.partition("event: end")[0] == body


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


class MoreModel(Model):
    password: str = "secret"  # noqa: S105 - no secret


@pytest.mark.parametrize("item_type", [Model, list[Model], Model | None])
@pytest.mark.parametrize("format_", [NDJSON(), CSV(header=False)], ids=repr)
def test_a_subclass_shows_no_more_than_the_type(item_type: Any, format_: Format) -> None:
    item: Any = MoreModel(id=1, tags=["a"])
    answer = app_of([[item] if item_type == list[Model] else item], item_type, format_).get("/")
    assert answer.status_code == 200
    assert "secret" not in answer.text


@dataclass
class Holds:
    model: Model


@pytest.mark.parametrize(
    ("item_type", "bad", "good"),
    [
        (pydantic.PositiveInt, -5, 5),
        (Annotated[int, pydantic.Field(gt=0)], -5, 5),
        (list[Annotated[int, annotated_types.Gt(0)]], [-5], [5]),
        (pydantic.HttpUrl, "x", "http://x/"),
        (NewType("Order", Model), {"id": "x"}, {"id": 1, "tags": []}),
        (Holds, {"model": {}}, {"model": {"id": 1, "tags": []}}),
    ],
    ids=str,
)
def test_what_pydantic_constrains_is_pydantics(item_type: Any, bad: Any, good: Any) -> None:
    assert app_of([bad], item_type).get("/").status_code == 500
    assert app_of([good], item_type).get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/sync"])
def test_an_item_is_converted_once(path: str) -> None:
    """It may be used up by that."""
    items = [{"id": number, "tags": (text for text in ("a", "b"))} for number in range(2)]
    lines = app_of(items, Model).get(path).text.splitlines()
    assert [json.loads(line)["tags"] for line in lines] == [["a", "b"]] * 2


def test_a_stream_of_events_is_checked_by_nobody() -> None:
    assert Stream[Event]([Event("x", id="1")]).item_type is Event
    assert "id: 1\ndata: x\n" in app_of([Event("x", id="1")], Event, EventStream()).get("/").text


def test_what_the_frameworks_see() -> None:
    """A class, so that `-> Stream[Order]` is a response to FastAPI; the same one each time."""
    assert Stream[Plain] is Stream[Plain]
    assert issubclass(Stream[Plain], Stream)
    assert Stream[Plain].__name__ == "Stream[Plain]"
    assert Bare[Plain] is not Stream[Plain]
    app = FastAPI()

    @app.get("/annotated")
    async def annotated() -> Stream[Plain]:
        return Stream[Plain](GOOD)

    @app.get("/yield", response_class=Stream[Plain])
    async def yielding() -> AsyncIterator[Any]:
        yield GOOD[0]

    client = TestClient(app)
    for path in ("/annotated", "/yield"):
        assert client.get(path).json()[0] == {"id": 1, "tags": ["a"]}


def test_nothing_is_checked_unless_it_is_said() -> None:
    app = FastAPI()

    @app.get("/")
    async def unchecked() -> Stream[Plain]:
        return Stream([{"id": "no number"}])

    assert TestClient(app).get("/").json() == [{"id": "no number"}]


def test_what_is_no_type_is_refused_at_once() -> None:
    with pytest.raises(TypeError):
        Stream[5]  # pyright: ignore[reportInvalidTypeArguments] - the mistake itself
