"""Documents as responses: their types, their bounds in time, what happens to those that nobody reads."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

from tailrace import (
    CSV,
    JSON,
    NDJSON,
    Deferred,
    Delivery,
    Document,
    EventStream,
    Growing,
    Offer,
    Progressive,
)
from tailrace.asgi import Stream
from tailrace.errors import EncodeError, StreamFailed, Truncated
from tests.documents.parts import fails, growing, later, run
from tests.pump.client import Exchange


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was never awaited."""
    warned: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda said: warned.append(said.object))
    return warned


def answered(tree: Any, *accept: str, method: str = "GET", **options: Any) -> Exchange:
    headers = [(b"accept", one.encode()) for one in accept]
    return asyncio.run(Exchange(headers=headers, method=method).run(tree, **options))


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ([], "application/json"),
        (["*/*"], "application/json"),
        (["application/json, application/x-progressive-json;v=2;q=0.9"], "application/json"),
        (["application/x-progressive-json;v=2"], "application/x-progressive-json;v=2"),
        (
            ["application/x-progressive-json; v=2, application/json;q=0.5"],
            "application/x-progressive-json;v=2",
        ),
        (["application/x-progressive-json"], "application/x-progressive-json"),
        (["application/x-progressive-json;v=1"], "application/problem+json"),
        (["text/event-stream"], "text/event-stream"),
        (["application/x-ndjson"], "application/problem+json"),
    ],
    ids=str,
)
def test_accept_decides(accept: list[str], given: str) -> None:
    headers = dict(answered({"a": 1}, *accept).messages[0]["headers"])
    assert headers[b"content-type"].decode() == given
    assert headers[b"vary"] == b"Accept"


@pytest.mark.parametrize(("method", "accept"), [("HEAD", "*/*"), ("GET", "text/csv"), ("GET", "nonsense")])
def test_what_is_not_written_is_closed(method: str, accept: str, left: list[object]) -> None:
    exchange = answered({"a": [later(1)], "b": growing(1)}, accept, method=method)
    assert exchange.reason in {"head", "not_started"}
    assert left == []


@pytest.mark.parametrize(
    ("tree", "formats", "said"),
    [
        ({"a": 1}, [CSV()], "CSV.* writes items, and this is a document"),
        ({"a": 1}, Offer(JSON(), NDJSON()), "NDJSON.* writes items"),
        ("text", [JSON()], "one value: put it into a list"),
        (5, [JSON()], "an iterable of items, async or not, or a tree such as a dict, got int"),
    ],
)
def test_what_is_no_document_is_refused(tree: Any, formats: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Stream(tree, formats=formats)


@dataclass
class Order:
    id: int


class Page(pydantic.BaseModel):
    user: Deferred[int]
    rows: Growing[int]
    note: str = "none"


def test_a_typed_document_is_of_its_type() -> None:
    made = Stream[Page]({"user": later(1), "rows": growing(2)})
    exchange = Exchange()
    asyncio.run(made(exchange.scope, exchange.receive, exchange.send))
    assert json.loads(exchange.body) == {"user": 1, "rows": [2], "note": "none"}
    Stream[Order](Order(1))
    with pytest.raises(EncodeError, match=r"\$\.rows.*valid list"):
        Stream[Page]({"user": 1, "rows": 5})
    with pytest.raises(EncodeError, match="expected a Order, got dict"):
        Stream[Order]({"id": 1})


@pytest.mark.parametrize("format_", [Progressive(), Progressive(1), EventStream(), JSON()], ids=repr)
def test_a_document_that_takes_too_long_is_ended(format_: Any, left: list[object]) -> None:
    tree = {"a": later(1), "never": asyncio.sleep(60)}
    exchange = run(tree, formats=[format_], delivery=Delivery(max_duration=0.05))
    assert exchange.reason == "max_duration"
    assert left == []
    if isinstance(format_, JSON):
        assert exchange.messages[0]["status"] == 503
    elif isinstance(format_, EventStream):
        assert b"event: " not in exchange.body
    else:
        assert b"Service Unavailable" in exchange.body.splitlines()[-1]


def test_the_outcome_counts_the_parts_that_failed() -> None:
    def tree() -> Any:
        return Document({"a": fails(ValueError()), "b": [fails(ValueError()), later(1)]}, problems="p")

    for format_ in (Progressive(), Progressive(1), EventStream(), JSON()):
        (outcome,) = run(tree, formats=[format_]).outcomes
        assert (outcome.reason, outcome.failed_parts) == ("complete", 2)


def test_keep_alive_is_a_space_between_records() -> None:
    tree = {"late": asyncio.sleep(0.08, 1)}
    exchange = run(tree, delivery=Delivery(keep_alive=0.02))
    assert exchange.body.splitlines()[1].strip(b" ") == b'{"id":1,"set":1}'
    assert b"\n  " in exchange.body
    reader = Progressive().reader()
    reader.feed(exchange.body)
    reader.finish()


@pytest.mark.parametrize("accept", ["application/json", "application/x-progressive-json;v=2"])
def test_documents_are_compressed_where_that_was_asked_for(accept: str) -> None:
    headers = [(b"accept", accept.encode()), (b"accept-encoding", b"gzip")]
    exchange = Exchange(headers=headers)
    asyncio.run(exchange.run({"a": later("x" * 1000)}, delivery=Delivery(compression=("gzip",))))
    sent = dict(exchange.messages[0]["headers"])
    assert sent[b"content-encoding"] == b"gzip"
    assert b"content-length" not in sent
    assert b"x" * 1000 in gzip.decompress(exchange.body)


@pytest.mark.parametrize("format_", [Progressive(), Progressive(1)], ids=repr)
@pytest.mark.parametrize("fails", [False, True])
def test_items_are_a_document_that_is_one_list(format_: Any, fails: bool) -> None:  # noqa: FBT001 - a case
    async def rows() -> Any:
        yield {"n": 1}
        await asyncio.sleep(0.002)
        yield {"n": 2}
        if fails:
            raise ValueError

    body = run(rows, formats=[format_]).body
    if fails:
        with pytest.raises(StreamFailed if format_.version > 1 else Truncated):
            value_of(format_, body)
    else:
        assert value_of(format_, body) == [{"n": 1}, {"n": 2}]


def value_of(format_: Any, body: bytes) -> Any:
    reader = format_.reader()
    reader.feed(body)
    reader.finish()
    return reader.value
