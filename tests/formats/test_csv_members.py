"""A row has the members that its item has in JSON, whatever kind of object it is."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import json
import sqlite3
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import msgspec
import orjson
import pydantic
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from tailrace import CSV
from tailrace.errors import EncodeError
from tailrace.fastapi import Stream
from tailrace.formats import encode
from tests.pump.client import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@dataclasses.dataclass
class Plain:
    kind: ClassVar[str] = "a"
    x: int = 1
    y: dataclasses.InitVar[int] = 2


@attrs.define
class Attrs:
    x: int = 1
    _secret: int = 7


class Optional(msgspec.Struct):
    x: int = 1
    y: int | msgspec.UnsetType = msgspec.UNSET


class Tagged(msgspec.Struct, tag=True, rename="upper"):
    x: int = 1


class Model(pydantic.BaseModel):
    x: int = pydantic.Field(default=1, serialization_alias="X")
    z: int = pydantic.Field(default=2, exclude=True)


Named = collections.namedtuple("Named", ["x", "y"])  # noqa: PYI024 - as a database driver makes them


def row_of_sqlite() -> sqlite3.Row:
    with sqlite3.connect(":memory:") as connection:
        connection.row_factory = sqlite3.Row
        row: sqlite3.Row = connection.execute("SELECT 1 AS x, '=1' AS y").fetchone()
    connection.close()
    return row


@pytest.mark.parametrize(
    ("item", "body"),
    [
        (Plain(), '"x"\r\n1\r\n'),
        (Attrs(), '"x"\r\n1\r\n'),
        (Optional(), '"x","y"\r\n1,\r\n'),
        (Tagged(), '"type","X"\r\n"Tagged",1\r\n'),
        (Model(), '"X"\r\n1\r\n'),
        (Named(1, 2), '"x","y"\r\n1,2\r\n'),
        (row_of_sqlite(), '"x","y"\r\n1,"\'=1"\r\n'),
        (collections.ChainMap({"x": 1}), '"x"\r\n1\r\n'),
        ({"x": Model()}, '"x"\r\n"{""X"":1}"\r\n'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_members(item: Any, body: str) -> None:
    assert encode(CSV(), [item]).decode() == body
    assert encode(CSV(), [item, item]).decode() == body + body.partition("\r\n")[2]


class Sparse(msgspec.Struct, tag="order", omit_defaults=True):
    id: int
    note: str | None = None


def test_what_a_struct_leaves_out_is_an_empty_cell() -> None:
    rows = [Sparse(1, "x"), Sparse(2)]
    assert encode(CSV(), rows).decode() == '"type","id","note"\r\n"order",1,"x"\r\n"order",2,\r\n'
    assert encode(CSV(), rows[::-1]).decode() == '"type","id","note"\r\n"order",2,\r\n"order",1,"x"\r\n'
    assert encode(CSV("id", "note"), rows[::-1]).decode() == '"id","note"\r\n2,\r\n1,"x"\r\n'


@dataclasses.dataclass
class More(Plain):
    b: int = 2


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([Plain(), More()], "expected the columns x, got x, b"),
        ([collections.defaultdict(int, a=1), collections.defaultdict(int, b=1)], "missing 'a'"),
        ([{"a": 1, "b": [1]}, {"a": 1, "b": [object()]}], r"path \$\.b\[0\]"),
        ([(1, 2), (1, {"x": object()})], r"path \$\[1\]\.x"),
        ([{1: 2}, {3: 4}], "expected the columns 1, missing 3|expected the columns 1, missing 1"),
    ],
    ids=["subclass", "default", "nested", "nested in a list", "numbers as names"],
)
def test_what_is_missing_or_wrong(items: list[Any], says: str) -> None:
    with pytest.raises(EncodeError, match=rf"record 1.*{says}"):
        encode(CSV(header=not isinstance(items[0], tuple)), items)


def test_a_look_changes_nothing() -> None:
    item = collections.defaultdict(int, a=1)
    with pytest.raises(EncodeError, match="missing 'b'"):
        encode(CSV("a", "b"), [item])
    assert item == {"a": 1}


@pytest.mark.parametrize(
    "encoder", [json.dumps, orjson.dumps, json.JSONEncoder], ids=["json", "orjson", "class"]
)
def test_another_encoder(encoder: Any) -> None:
    items = [{"a": 'q"x', "b": None}, {"a": "=1", "b": [1, "x"]}]
    assert encode(CSV(), items, encoder=encoder).replace(b", ", b",") == encode(CSV(), items)


def wrong(cells: Any) -> str:
    return "5" if "bad" in str(cells) else json.dumps(cells)


def broken(cells: Any) -> str:
    if "bad" in str(cells):
        raise KeyError("hook")
    return json.dumps(cells)


@pytest.mark.parametrize(("encoder", "bad"), [(json.dumps, "\ud800"), (wrong, "bad"), (broken, "bad")])
def test_what_another_encoder_cannot_write_is_the_items_error(encoder: Any, bad: str) -> None:
    """Not one that is found out when the rows are joined, where nobody could say that the body has failed."""
    with pytest.raises(EncodeError, match="record 2") as caught:
        encode(CSV(), [{"a": "1"}, {"a": "2"}, {"a": bad}], encoder=encoder)
    assert "missing" not in str(caught.value)


class Detached:
    """What cannot be looked into, as an ORM's object without its session."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"x", "keys", "_fields"}:
            raise RuntimeError("detached")
        return super().__getattribute__(name)

    __dataclass_fields__: ClassVar = {"x": None}


def answer(content: Any, **options: Any) -> tuple[int, bytes]:
    exchange = Exchange(headers=[(b"accept", b"text/csv")])

    async def main() -> None:
        async with asyncio.timeout(5):
            await exchange.run(content, **options)

    asyncio.run(main())
    return exchange.messages[0]["status"], exchange.body


async def of(*items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def sync_of(*items: Any) -> Iterator[Any]:
    yield from items


class Failing(collections.UserDict[str, int]):
    """The same with another face."""

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("detached")


@pytest.mark.parametrize("made", [of, sync_of])
@pytest.mark.parametrize("item", [Detached(), Failing(a=1)], ids=["attribute", "iteration"])
def test_an_item_that_cannot_be_looked_into_hangs_nobody(made: Any, item: Any) -> None:
    assert answer(made(item))[0] == 500


@pytest.mark.parametrize("made", [of, sync_of])
def test_a_failure_in_the_middle_shows_with_another_encoder(made: Any) -> None:
    status, body = answer(made({"a": "1"}, {"a": "2"}, {"a": "\ud800"}), encoder=json.dumps)
    assert status == 200
    assert body.startswith(b'"a"\r\n"1"\r\n"2"\r\n"{""problem"":')


@pytest.mark.parametrize("made", [of, sync_of])
@pytest.mark.parametrize("item", [5, "x", [1, 2]], ids=str)
def test_items_that_make_no_rows_are_not_acceptable_as_rows(made: Any, item: Any) -> None:
    """The client asked for what is not to be had: 406, with what is; no error of the server's."""
    status, body = answer(made(item))
    assert status == 406
    assert "application/json" in json.loads(body)["available"]


def test_what_makes_no_rows_is_offered_as_something_else() -> None:
    """The client asked for the wrong one of several formats: that is its matter, and no accident."""
    app = FastAPI()
    seen: list[str] = []

    async def transaction() -> AsyncIterator[None]:
        try:
            yield
        except Exception:
            seen.append("rolled back")
            raise

    @app.get("/", dependencies=[Depends(transaction)])
    async def numbers() -> Any:
        return Stream([1, 2])

    refused = TestClient(app).get("/", headers={"accept": "text/csv"})
    assert refused.status_code == 406
    assert "application/json" in refused.json()["available"]
    assert "text/csv" not in refused.json()["available"]
    assert seen == []


@pytest.mark.parametrize("accept", ["text/csv", "*/*"])
def test_where_there_is_nothing_else_the_server_has_failed(accept: str) -> None:
    app = FastAPI()

    @app.get("/")
    async def numbers() -> Any:
        return Stream([1, 2], formats=[CSV()])

    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/", headers={"accept": accept}).status_code == 500
