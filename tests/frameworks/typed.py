"""Types of items, and an application that streams them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pydantic
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tailrace import JSON, NDJSON
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
        return Stream[item_type](rows(), formats=formats or (NDJSON(), JSON()))

    @app.get("/sync")
    async def sync() -> Any:
        return Stream[item_type](iter(items), formats=formats or (NDJSON(), JSON()))

    return TestClient(app, raise_server_exceptions=False)


class MoreModel(Model):
    password: str = "secret"  # noqa: S105 - no secret
