"""Assertions about how a body ended say what was expected, what came, and where it stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tailrace import (
    CSV,
    JSON,
    NDJSON,
    EventStream,
    JSONSeq,
    Problem,
    Progressive,
)
from tailrace.asgi import Stream
from tailrace.formats import Format, encode
from tailrace.testing import (
    Faults,
    Received,
    assert_complete,
    assert_failed,
    assert_truncated,
    events_of,
    fetch,
    items_of,
)
from tests.testing.apps import asked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ROWS = [{"n": 0}, {"n": 1}, {"n": 2}]
PROBLEM = Problem(title="Gone", status=410)

# With the items that a reader gets, and what a failed body says of its failure.
FORMATS: list[tuple[Format, list[Any], str]] = [
    (JSON(), ROWS, "nothing"),
    (NDJSON(), ROWS, "problem"),
    (NDJSON(end=True), ROWS, "problem"),
    (EventStream(), ROWS, "problem"),
    (JSONSeq(), ROWS, "problem"),
    (Progressive(), ROWS, "problem"),
    (CSV("n"), [{"n": "0"}, {"n": "1"}, {"n": "2"}], "problem"),
    (CSV("n", delimiter="\t"), [{"n": "0"}, {"n": "1"}, {"n": "2"}], "problem"),
]
formats = pytest.mark.parametrize(
    ("form", "items", "says"), FORMATS, ids=[one.media_types[0] for one, _, _ in FORMATS]
)


def body(form: Format, problem: Problem | None = None) -> tuple[bytes, str]:
    return encode(form, ROWS, problem=problem), form.media_types[0]


@formats
def test_a_complete_body(form: Format, items: list[Any], says: str) -> None:
    del says
    assert assert_complete(body(form)) == items
    assert items_of(body(form)) == items
    with pytest.raises(
        AssertionError, match=r"expected a body that is cut, but it is complete: 3 items in \d+ bytes"
    ):
        assert_truncated(body(form))
    with pytest.raises(
        AssertionError, match=r"expected a body that says that it failed, but it is complete: 3 items"
    ):
        assert_failed(body(form))


@formats
def test_a_failed_body(form: Format, items: list[Any], says: str) -> None:
    failed = body(form, PROBLEM)
    assert items_of(failed) == items
    with pytest.raises(AssertionError, match="expected a complete body, but"):
        assert_complete(failed)
    if says == "problem":
        assert assert_failed(failed, status=410) == PROBLEM
        with pytest.raises(AssertionError, match=r"but it says why it ended \(assert_failed\): Gone \(410\)"):
            assert_truncated(failed)
        with pytest.raises(AssertionError, match="expected a failure with status 500, got Problem"):
            assert_failed(failed, status=500)
    else:
        assert assert_truncated(failed) == items
        with pytest.raises(AssertionError, match="says no more: use assert_truncated"):
            assert_failed(failed)


@formats
def test_a_cut_body(form: Format, items: list[Any], says: str) -> None:
    del says
    whole, media_type = body(form)
    cut = whole[: whole.index(b"2") - 1], media_type
    if isinstance(form, CSV):  # to a reader of CSV every line may be the last
        cut = whole[: whole.index(b"2")] + b'"', media_type
    came = [] if isinstance(form, Progressive) else items[:2]  # all three are one record
    assert assert_truncated(cut) == came
    assert items_of(cut) == came
    with pytest.raises(
        AssertionError,
        match=r"but it is not \(Truncated: .*\): [02] items in \d+ bytes of .* came, which end in '",
    ):
        assert_complete(cut)
    with pytest.raises(AssertionError, match="expected a body that says that it failed, but it is not"):
        assert_failed(cut)


def received(form: Format, error: Exception | None = None, status: int = 200) -> Received:
    content, media_type = body(form)
    return Received(status, httpx2.Headers({"content-type": media_type}), (content,), (0,), error)


def test_a_transfer_that_was_cut_is_not_complete_whatever_the_body_says() -> None:
    cut = received(NDJSON(), httpx2.ReadError("reset"))
    assert assert_truncated(cut) == ROWS
    with pytest.raises(AssertionError, match=r"it is not \(ReadError: reset\): 3 items in 24 bytes"):
        assert_complete(cut)


@pytest.mark.parametrize("check", [assert_complete, assert_truncated])
def test_a_status_is_an_answer_of_its_own(check: Any) -> None:
    problem = json.dumps({"title": "Teapot", "status": 500, "detail": "short", "ref": "ab"}).encode()
    response = httpx2.Response(418, headers={"content-type": "application/problem+json"}, content=problem)
    with pytest.raises(AssertionError, match=r'status 418: \'\{"title": "Teapot"'):
        check(response)
    # The status line is what counts (RFC 9457 3.1.2).
    assert assert_failed(response, status=418) == Problem(
        title="Teapot", status=418, detail="short", ref="ab"
    )


@pytest.mark.parametrize("content", [b"sorry", b"[", b"[]"])
def test_a_status_without_a_problem_is_one_too(content: bytes) -> None:
    response = httpx2.Response(404, headers={"content-type": "application/json"}, content=content)
    assert assert_failed(response) == Problem(title="Not Found", status=404)


def test_events() -> None:
    text = b":\n\nid: 1\ndata: a\n\nevent: b\ndata: 2\n\n"
    events = events_of((text, "text/event-stream; charset=utf-8"))
    assert [(event.id, event.event, event.data) for event in events] == [("1", None, "a"), ("1", "b", "2")]
    with pytest.raises(AssertionError, match="expected JSON as the data of event 0, got 'a'"):
        items_of((text, "text/event-stream"))
    with pytest.raises(AssertionError, match="there is no `event: end`"):
        assert_complete((text, "text/event-stream"))
    with pytest.raises(AssertionError, match="expected text/event-stream, got 3 items"):
        events_of(body(NDJSON()))


@pytest.mark.parametrize(
    ("media_type", "items"),
    [
        ("text/plain", ["ab\n"]),
        ("application/octet-stream", [b"ab\n"]),
        ("", [b"ab\n"]),
        ("nonsense", [b"ab\n"]),
    ],
)
def test_what_has_no_items_comes_in_pieces(media_type: str, items: list[Any]) -> None:
    assert assert_complete((b"ab\n", media_type)) == items


def test_cells_between_tabs() -> None:
    assert assert_complete((b"a\tb\r\n1\t2\r\n", "text/tab-separated-values")) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.api+json"])
def test_json_that_is_no_array_is_a_document(media_type: str) -> None:
    assert assert_complete((b' {"a": 1}', media_type)) == {"a": 1}
    with pytest.raises(AssertionError, match="expected items, got a document"):
        items_of((b' {"a": 1}', media_type))
    with pytest.raises(AssertionError, match="Truncated"):
        assert_complete((b' {"a": ', media_type))
    assert assert_truncated((b"", media_type)) == []


def test_what_is_not_what_it_says_is_not_complete() -> None:
    with pytest.raises(AssertionError, match="DecodeError"):
        assert_complete((b"<html>\n", "application/x-ndjson"))


async def posts() -> AsyncGenerator[int, None]:
    yield 1
    yield 2


async def user(name: str) -> str:
    if not name:
        raise LookupError
    return name


@pytest.mark.parametrize(
    "accept", ["application/x-progressive-json;v=2", "application/x-progressive-json", "application/json"]
)
@pytest.mark.parametrize("name", ["Ada", ""])
def test_documents(accept: str, name: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Stream({"user": user(name), "posts": posts()})(scope, receive, send)

    async def read(client: httpx2.AsyncClient) -> Received:
        return await fetch(client, "/", headers={"accept": accept})

    document = asked(app, read)
    if name:
        assert assert_complete(document) == {"user": "Ada", "posts": [1, 2]}
    elif accept != "application/json":
        with pytest.raises(AssertionError, match="parts of it failed: /user"):
            assert_complete(document)
    else:
        assert assert_failed(document).status == 500


def test_a_response_that_was_not_read_is_httpx2s_own_error() -> None:
    with pytest.raises(httpx2.ResponseNotRead):
        assert_complete(httpx2.Response(200, stream=httpx2.ByteStream(b"")))


def test_what_was_fetched_knows_when_each_piece_came() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Stream(ROWS)(scope, receive, send)

    async def read(client: httpx2.AsyncClient) -> Received:
        return await fetch(client, "/", "POST", headers={"accept": "application/x-ndjson"}, content=b"x")

    whole = asked(app, read, faults=Faults(piece=8, rate=8))
    assert whole.content == b'{"n":0}\n{"n":1}\n{"n":2}\n'
    assert whole.times == (1, 2, 3)
    assert whole.media_type.startswith("application/x-ndjson")
