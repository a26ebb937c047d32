"""Promises 1 to 3: a failure shows, nothing is lost before it, and an early one is a real status. Fault 32."""

from __future__ import annotations

import pytest

from .checks import JSON, NDJSON, SSE, all_delivered, early_error_is_a_status, events, failure_shows, items
from .harness import Server, eventually, log_since

FORMATS = pytest.mark.parametrize("media_type", [JSON, NDJSON, SSE])
LATE_FAILURES = [
    "failing", "failing_sync", "failing_soon", "failing_later", "unwritable_later", "surrogate_later"
]  # fmt: skip
SECRETS = b"secret", b"RuntimeError", b"Traceback", b"object at 0x"


@FORMATS
@pytest.mark.parametrize("name", LATE_FAILURES)
def test_failed_stream_never_looks_finished(server: Server, run: str, name: str, media_type: str) -> None:
    """Promise 1, fault 32: whatever failed, no plain client takes the body for a whole one."""
    reply = failure_shows(server, f"/stream/{name}?run={run}", media_type)
    assert reply.status == 200
    assert not any(secret in reply.body for secret in SECRETS)


@FORMATS
@pytest.mark.parametrize("name", ["failing_sync", "failing_soon", "unwritable_later"])
def test_items_before_an_error_are_delivered(server: Server, run: str, name: str, media_type: str) -> None:
    """Promise 2: also those that were yielded in the moment of the error."""
    count = 1 if name == "failing_soon" else 3
    all_delivered(server, f"/stream/{name}?run={run}", media_type, count)


@FORMATS
def test_far_failure_delivers_all(server: Server, run: str, media_type: str) -> None:
    """Promises 1 and 2 with 8,000 items in between, which one send does not hold."""
    reply = failure_shows(server, f"/stream/failing_far?run={run}", media_type)
    assert len(items(media_type, reply.body)) == 8_000


def test_failure_says_what_the_log_has(server: Server, run: str) -> None:
    """Promise 1: the reader gets a reference, the log the exception under it."""
    mark = len(server.wrote())
    body = server.get(f"/stream/failing?run={run}", accept=SSE).body
    problem = events(body)[-1]
    assert problem["event"] == "problem"
    assert '"status":500' in problem["data"]
    ref = problem["data"].split('"ref":"')[1].split('"')[0]
    logged = eventually(lambda: log_since(server, mark), 3, "nothing was logged")
    assert ref in logged
    assert "secret in the exception" in logged


def test_late_abort_says_it_on_purpose(server: Server) -> None:
    """Promise 1: `Abort` past the first item is in the body, and the body still is no good."""
    for media_type in (NDJSON, SSE):
        assert b"Come back tomorrow" in failure_shows(server, "/raises-later/abort", media_type).body
    failure_shows(server, "/raises-later/abort", JSON)


@pytest.mark.parametrize("format_name", ["text", "bytes", "ndjson-end"])
def test_raw_formats_are_cut(server: Server, run: str, format_name: str) -> None:
    """Promise 1: text and bytes have no word for a failure, the transfer must say it where it can."""
    reply = server.get(f"/as/{format_name}/failing?run={run}")
    assert reply.ending == ("cut" if server.aborts else "complete")
    assert reply.body.count(b"\n") == 3
    assert b'"end"' not in reply.body


@pytest.mark.parametrize("route", ["stream", "in-starlette", "plain-def"])
def test_http_exception_is_the_frameworks(server: Server, run: str, route: str) -> None:
    """Promise 3: an `HTTPException` before the first item is answered by the framework's handler."""
    reply = early_error_is_a_status(server, f"/{route}/missing?run={run}", 404)
    assert reply.header("x-handler") == "the framework's"
    assert b"no such thing" in reply.body
    if route != "in-starlette":
        assert reply.json == {"detail": "no such thing"}


def test_the_applications_own_handler_is_asked(server: Server, run: str) -> None:
    """Promise 3: so is any other exception that the application has a handler for."""
    reply = early_error_is_a_status(server, f"/raises/teapot?run={run}", 418)
    assert reply.json == {"teapot": "/raises/teapot"}


def test_early_abort_is_its_problem(server: Server, run: str) -> None:
    """Promise 3: `Abort` before the first item is its problem document, with its status."""
    reply = early_error_is_a_status(server, f"/raises/abort?run={run}", 409)
    assert reply.header("content-type") == "application/problem+json"
    wanted = {"title": "Come back tomorrow", "status": 409, "detail": "on purpose", "day": 2}
    assert wanted.items() <= reply.json.items()


@pytest.mark.parametrize(
    "target",
    [
        "/stream/failing_first", "/stream/failing_first_sync", "/stream/unwritable_first",
        "/stream/surrogate_first", "/bare/failing_first", "/in-starlette/failing_first",
    ],
)  # fmt: skip
def test_other_early_errors_are_masked(server: Server, run: str, target: str) -> None:
    """Promise 3, fault 32: any other error is a 500 whose text is in the log and not on the wire."""
    mark = len(server.wrote())
    reply = early_error_is_a_status(server, f"{target}?run={run}", 500)
    assert reply.header("content-type") == "application/problem+json"
    assert reply.json["title"] == "Internal Server Error"
    assert not any(secret in reply.body for secret in SECRETS)
    ref = reply.json["ref"]
    eventually(lambda: ref in log_since(server, mark), 3, "the reference is not in the log")
    assert "Traceback (most recent call last)" in log_since(server, mark)


def test_unwritable_item_is_named_in_the_log(server: Server, run: str) -> None:
    """Fault 32: the log says which record could not be written, and where in it."""
    mark = len(server.wrote())
    server.get(f"/stream/unwritable_later?run={run}")
    logged = eventually(lambda: log_since(server, mark), 3, "nothing was logged")
    assert "3" in logged
    assert "deep[0].inside" in logged or "$.deep[0].inside" in logged


def test_server_goes_on(server: Server, run: str) -> None:
    """Fault 32: after all those failures the next stream is whole, and every source was closed once."""
    reply = server.get(f"/stream/some?run={run}", accept=NDJSON)
    assert reply.ending == "complete"
    assert reply.body == b'{"n":0}\n{"n":1}\n{"n":2}\n'
    state = eventually(lambda: _closed(server, run), 2, "the source is not closed")
    assert (state["closing"], state["closed"]) == (1, 1)


def _closed(server: Server, run: str) -> dict[str, int]:
    state = server.state(run)
    return state if state["closed"] else {}
