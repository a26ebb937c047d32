"""`Stream[Order]`: each item is an Order, or the server has failed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NewType

import annotated_types
import msgspec
import pydantic
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tailrace import CSV, JSON, NDJSON, Event, EventStream
from tailrace.asgi import Stream as Bare
from tailrace.fastapi import Stream
from tests.frameworks.typed import GOOD, TYPES, Model, MoreModel, Plain, Struct, app_of, good

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tailrace.formats import Format


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
        (JSON(), '[{"id":1,"tags":["a"]}]'),
    ],
    ids=repr,
)
def test_an_events_data_is_the_item(format_: Format, body: str) -> None:
    items = [Event(GOOD[0], id="7"), Event(retry=5)]
    assert app_of(items, Plain, format_).get("/").text.partition("event: end")[0] == body


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
