"""`Deferred`, `Growing` and `GrowingText` say one thing to type checkers, to pydantic and in OpenAPI."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pydantic
import pytest
from fastapi import FastAPI

from tailrace import JSON, Deferred, Growing, GrowingText
from tailrace.fastapi import Stream
from tests.documents.parts import growing, later, read, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class User(pydantic.BaseModel):
    name: str
    shown: bool = pydantic.Field(default=True, exclude=True)


class Dashboard(pydantic.BaseModel):
    now: int
    user: Deferred[User]
    posts: Growing[User]
    answer: GrowingText
    maybe: Deferred[int] | None = None


async def words() -> AsyncIterator[str]:
    for word in ("to", "day"):
        await asyncio.sleep(0.002)
        yield word


def dashboard() -> Dashboard:
    return Dashboard(
        now=1,
        user=later(User(name="Ada", shown=False)),
        posts=growing(User(name="Bo")),
        answer=GrowingText(words()),
    )


FINISHED = {"now": 1, "user": {"name": "Ada"}, "posts": [{"name": "Bo"}], "answer": "today", "maybe": None}


def test_a_model_with_missing_members_is_a_document() -> None:
    assert read(dashboard).value == FINISHED
    assert json.loads(run(dashboard, formats=[JSON()]).body) == FINISHED
    assert run(dashboard).body.splitlines()[0] == (
        b'{"v":2,"id":0,"set":{"now":1,"user":null,"posts":[],"answer":"","maybe":null},'
        b'"meta":{"user":1,"posts":2,"answer":3}}'
    )


def test_what_is_there_already_is_checked_and_written_as_its_type() -> None:
    ready = Dashboard.model_validate(
        {"now": 1, "user": {"name": "Ada"}, "posts": [{"name": "Bo"}], "answer": "today"}
    )
    assert isinstance(ready.user, User)
    assert ready.model_dump() == FINISHED
    assert read(ready).value == FINISHED
    with pytest.raises(pydantic.ValidationError, match=r"user\.name"):
        Dashboard.model_validate({"now": 1, "user": {"name": 5}, "posts": [], "answer": ""})


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_is_the_finished_documents(mode: Any) -> None:
    class Plain(pydantic.BaseModel):
        now: int
        user: User
        posts: list[User]
        answer: str
        maybe: int | None = None

    schema = Dashboard.model_json_schema(mode=mode)
    assert schema["properties"] == Plain.model_json_schema(mode=mode)["properties"]


def test_openapi_has_it() -> None:
    app = FastAPI()

    @app.get("/", response_model=Dashboard)
    async def read_it() -> Stream:
        return Stream(dashboard())

    schema = app.openapi()
    content = schema["paths"]["/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert content == {"$ref": "#/components/schemas/Dashboard"}
    properties = schema["components"]["schemas"]["Dashboard"]["properties"]
    assert properties["user"] == {"$ref": "#/components/schemas/User"}
    assert properties["posts"]["items"] == {"$ref": "#/components/schemas/User"}
    assert properties["answer"]["type"] == "string"


def test_they_are_annotations_of_any_class() -> None:
    @dataclass
    class Page:
        user: Deferred[int]
        rows: Growing[int]
        text: GrowingText

    page = Page(user=later(1), rows=growing(1, 2), text=GrowingText(words()))
    assert read(lambda: page).value == {"user": 1, "rows": [1, 2], "text": "today"}


def test_the_pieces_of_a_text_may_be_given_bare() -> None:
    class Page(pydantic.BaseModel):
        answer: GrowingText

    assert read(lambda: Page.model_validate({"answer": words()})).value == {"answer": "today"}
