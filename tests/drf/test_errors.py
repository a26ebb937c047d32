from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.drf.conftest import Ask

ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "http404": (404, {"detail": "no such shop"}),
    "notfound": (404, {"detail": "no such shop"}),
    "invalid": (400, {"since": ["not a date"]}),
    "unauthenticated": (401, {"detail": "Authentication credentials were not provided."}),
    "handled": (418, {"oops": "the project handles it"}),
}
ACCEPTS = ["application/json", "application/x-ndjson", "text/event-stream", "text/csv"]


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.parametrize("view", ["failing", "async-failing"])
def test_an_error_before_the_first_item_is_answered_as_if_the_view_had_raised_it(
    ask: Ask, view: str, what: str, accept: str
) -> None:
    reply = ask(f"/{view}/{what}", accept)
    assert (reply.status, json.loads(reply.body)) == ANSWERS[what]
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Vary"] == "Accept"
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert "Incremental" not in reply.headers
    if what == "unauthenticated":
        assert reply.headers["WWW-Authenticate"] == 'Basic realm="api"'


def test_such_an_error_is_a_page_in_the_browsable_api(ask: Ask) -> None:
    reply = ask("/failing/http404", "text/html")
    assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "no such shop" in reply.text
    assert "HTTP 404 Not Found" in reply.text


@pytest.mark.parametrize("accept", ACCEPTS)
def test_what_no_handler_answers_is_a_masked_problem(
    ask: Ask, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "tailrace"):
        reply = ask("/failing/key", accept)
    assert (reply.status, reply.headers["Content-Type"]) == (500, "application/problem+json")
    assert "secret" not in reply.text
    assert json.loads(reply.body)["ref"] in caplog.text


def test_an_abort_says_what_it_says(ask: Ask) -> None:
    reply = ask("/failing/abort")
    assert (reply.status, json.loads(reply.body)["detail"]) == (410, "moved out")


@pytest.mark.parametrize("accept", ACCEPTS)
def test_permissions_and_throttles_go_on_working(ask: Ask, accept: str) -> None:
    denied, throttled = ask("/denied", accept), ask("/throttled", accept)
    assert (denied.status, json.loads(denied.body)) == (403, {"detail": "not for you"})
    assert (throttled.status, throttled.headers["Retry-After"]) == (429, "60")
    assert denied.headers["Content-Type"] == throttled.headers["Content-Type"] == "application/json"
