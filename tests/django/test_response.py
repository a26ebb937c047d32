"""`stream` in Django's own handlers: formats, errors, what is answered in its place."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.http import Http404
from django.test import RequestFactory
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import Throttled, ValidationError

from tailrace import NDJSON, Abort, Outcome, Problem
from tailrace.django import stream
from tailrace.wsgi import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator


from .exchange import BOTH, VIEWS, Make, async_rows, get, raising, sync_rows

pytestmark = pytest.mark.usefixtures("exchange")


@BOTH
@VIEWS
@pytest.mark.parametrize("source", [sync_rows, async_rows])
def test_each_kind_of_view_takes_each_kind_of_source(kind: str, target: str, source: Make) -> None:
    got = get(kind, target, source)
    assert (got.status, got.json) == (200, [{"id": 1}, {"id": 2}])
    assert got.headers["content-type"] == "application/json"
    assert got.headers["vary"] == "Accept"
    assert got.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in got.headers


@BOTH
def test_the_format_is_the_one_asked_for(kind: str) -> None:
    got = get(kind, "/sync", sync_rows, headers={"accept": "text/event-stream"})
    assert got.headers["content-type"] == "text/event-stream"
    assert got.body.startswith(b':\n\ndata: {"id":1}\n\n')
    got = get(kind, "/sync", sync_rows, headers={"accept": "image/png"})
    assert (got.status, got.headers["content-type"]) == (406, "application/problem+json")
    assert "application/x-ndjson" in got.json["available"]


@BOTH
@VIEWS
@pytest.mark.parametrize("source", ["sync", "async"])
@pytest.mark.parametrize(("error", "status"), [(Http404("x"), 404), (PermissionDenied("x"), 403)])
def test_djangos_own_errors_before_the_first_item_are_djangos(
    kind: str, target: str, source: str, error: Exception, status: int
) -> None:
    got = get(kind, target, raising(error)[source])
    assert (got.status, got.headers["content-type"]) == (status, "text/html; charset=utf-8")


@BOTH
def test_an_abort_is_its_problem_and_all_else_a_masked_one(kind: str) -> None:
    got = get(kind, "/sync", raising(Abort(Problem(title="Gone", status=410)))["sync"])
    assert (got.status, got.json) == (410, {"title": "Gone", "status": 410})
    got = get(kind, "/sync", raising(ValueError("secret"))["sync"], raising=False)
    assert (got.status, got.headers["content-type"]) == (500, "application/problem+json")
    assert got.json.keys() == {"title", "status", "ref"}


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (Http404("secret"), {"title": "Not Found", "status": 404}),
        (PermissionDenied("secret"), {"title": "Forbidden", "status": 403}),
        (Throttled(detail="slowly"), {"title": "Too Many Requests", "status": 429, "detail": "slowly"}),
        (ValidationError({"id": ["no"]}), {"title": "Bad Request", "status": 400, "errors": {"id": ["no"]}}),
    ],
    ids=["404", "403", "429", "400"],
)
def test_a_later_error_of_a_framework_says_what_it_says(error: Exception, problem: dict[str, Any]) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise error

    parts: list[bytes] = []
    with pytest.raises(BrokenPipeError) as ended:
        parts.extend(stream(RequestFactory().get("/"), items(), formats=[NDJSON()]))
    assert ended.value.__cause__ is error  # for who tests a view
    assert json.loads(b"".join(parts).removeprefix(b"1\n") + b"}") == {"problem": problem}


@BOTH
def test_who_watches_for_errors_is_told(kind: str) -> None:
    """Django's test client is one of them: it raises what it was told of."""
    told: list[Any] = []

    def tell(**said: Any) -> None:
        told.append(said["request"])

    got_request_exception.connect(tell)
    try:
        with pytest.raises(ValueError, match="secret"):
            get(kind, "/sync", raising(ValueError("secret"))["sync"])
    finally:
        got_request_exception.disconnect(tell)
    assert [request.path for request in told] == ["/sync"]


@BOTH
def test_what_a_view_adds_stays_on_the_error(kind: str) -> None:
    added = {"Access-Control-Allow-Origin": "*"}
    got = get(kind, "/sync", raising(Abort(Problem(title="Gone", status=410)))["sync"], added=added)
    assert got.headers["access-control-allow-origin"] == "*"
    assert "x-accel-buffering" not in got.headers


@BOTH
def test_head_starts_no_source(kind: str) -> None:
    ends: list[Outcome] = []
    got = get(kind, "/sync", sync_rows, "head", on_finish=ends.append)
    assert (got.status, got.body) == (200, b"")
    assert got.headers["content-type"] == "application/json"
    assert [end.reason for end in ends] == ["head"]


@BOTH
def test_a_finished_document_says_how_long_it_is(kind: str) -> None:
    async def user() -> str:
        await asyncio.sleep(0)
        return "a"

    got = get(kind, "/async", lambda: {"user": user()})
    assert (got.body, got.headers["content-length"]) == (b'{"user":"a"}', "12")


@BOTH
def test_each_item_is_one_of_the_type(kind: str) -> None:
    got = get(kind, "/sync", lambda: [{"id": "x"}], raising=False, type=dict[str, int])
    assert got.status == 500
    assert get(kind, "/sync", lambda: [{"id": 1}], type=dict[str, int]).json == [{"id": 1}]


def test_lazy_text_is_text() -> None:
    assert get("wsgi", "/sync", lambda: [{"name": gettext_lazy("Monday")}]).json == [{"name": "Monday"}]


def test_a_bare_wsgi_stream_and_djangos_write_the_same() -> None:
    bare = Stream(sync_rows())({"REQUEST_METHOD": "GET"}, lambda *_: None)
    assert b"".join(bare) == get("wsgi", "/sync", sync_rows).body
