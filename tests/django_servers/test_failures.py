"""Promises 1 to 3: a failure shows, nothing is lost before it, and an early one is a real status. Fault 32."""

from __future__ import annotations

import csv
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

from tests.servers.checks import (
    CSV,
    JSON,
    JSON_SEQ,
    NDJSON,
    SSE,
    all_delivered,
    early_error_is_a_status,
    events,
    failure_shows,
    items,
    parsed,
)
from tests.servers.harness import eventually, log_since

from .sites import SYNC, at_once

if TYPE_CHECKING:
    from tests.servers.harness import Server

LATE: Final = ("stream/failing", "plain-def/failing_later", "stream/failing_sync", "plain-def/failing_sync")
SECRETS: Final = b"secret", b"RuntimeError", b"Traceback", b"object at 0x"


def test_failed_stream_never_looks_finished(server: Server, run: str) -> None:
    """Promise 1, fault 32: from each combination, in each format, cut where the server can cut it."""

    def asked(target: str, media_type: str) -> None:
        reply = failure_shows(server, f"/{target}?run={run}", media_type)
        assert reply.status == 200
        assert not any(secret in reply.body for secret in SECRETS)

    pairs = [
        *product(LATE, (JSON, NDJSON, SSE)),
        *product(("stream/unwritable_later",), (JSON, NDJSON, SSE, JSON_SEQ)),
        *product(LATE[1:3], (JSON_SEQ,)),
    ]
    alone = server.name == SYNC
    at_once([partial(asked, *pair) for pair in pairs[:: 3 if alone else 1]], one_by_one=alone)


def test_failed_rows_are_refused(server: Server, run: str) -> None:
    """Promise 1: the last row of CSV has a quote that is left open."""
    reply = server.get(f"/stream/failing_sync?run={run}", accept=CSV)
    assert reply.ending == ("cut" if server.aborts else "complete")
    with pytest.raises(csv.Error, match="unexpected end of data"):
        parsed(CSV, reply.body)


def test_items_before_an_error_are_delivered(server: Server, run: str) -> None:
    """Promise 2: also those that were yielded in the moment of the error."""
    names = {"stream/failing_soon": 1, "plain-def/failing_sync": 3, "stream/unwritable_later": 3}
    at_once(
        partial(all_delivered, server, f"/{name}?run={run}", media_type, count)
        for (name, count), media_type in product(names.items(), (JSON, NDJSON, SSE))
    )


def test_far_failure_delivers_all(server: Server, run: str) -> None:
    """Promises 1 and 2 with 8,000 items in between, which one send does not hold."""
    reply = failure_shows(server, f"/stream/failing_far?run={run}", NDJSON)
    assert len(items(NDJSON, reply.body)) == 8_000


def test_failure_says_what_the_log_has(server: Server, run: str) -> None:
    """Promise 1: the reader gets a reference, the log the exception under it, and nobody else alarms."""
    mark = len(server.wrote())
    problem = events(server.get(f"/plain-def/failing?run={run}", accept=SSE).body)[-1]
    assert problem["event"] == "problem"
    assert '"status":500' in problem["data"]
    ref = problem["data"].split('"ref":"')[1].split('"')[0]
    eventually(lambda: "secret in the exception" in log_since(server, mark), 3, "nothing was logged")
    assert ref in log_since(server, mark)
    assert log_since(server, mark).count("Traceback (most recent call last)") == 1


def test_late_abort_says_it_on_purpose(server: Server) -> None:
    """Promise 1: `Abort` past the first item is in the body, and the body still is no good."""
    for media_type in (NDJSON, SSE):
        assert b"Come back tomorrow" in failure_shows(server, "/abort?later=", media_type).body


def test_djangos_exceptions_are_djangos(server: Server, run: str) -> None:
    """Promise 3: before the first item, from each combination, they go to Django's handlers; 406 and 500 do not."""

    def asked(view: str, name: str, status: int) -> None:
        reply = early_error_is_a_status(server, f"/{view}/{name}?run={run}", status)
        assert (reply.header("content-type") or "").startswith("text/html")
        assert reply.header("x-frame-options") == "DENY"
        assert b"secret" not in reply.body

    errors = {"http404": 404, "denied": 403, "bad_request": 400, "suspicious": 400}
    at_once(
        partial(asked, view, name + kind, status)
        for view, (name, status), kind in product(("stream", "plain-def"), errors.items(), ("", "_sync"))
    )


def test_early_abort_is_its_problem(server: Server) -> None:
    """Promise 3: `Abort` before the first item is its problem document, with its status."""
    reply = early_error_is_a_status(server, "/abort", 409)
    assert reply.header("content-type") == "application/problem+json"
    wanted = {"title": "Come back tomorrow", "status": 409, "detail": "on purpose", "day": 2}
    assert wanted.items() <= reply.json.items()


def test_other_early_errors_are_masked(server: Server, run: str) -> None:
    """Promise 3, fault 32: any other error is a 500 whose text is in the log and not on the wire."""
    for target in ("stream/value_error", "plain-def/value_error_sync", "plain-def/unwritable_first"):
        mark = len(server.wrote())
        reply = early_error_is_a_status(server, f"/{target}?run={run}", 500)
        assert reply.header("content-type") == "application/problem+json"
        assert reply.json["title"] == "Internal Server Error"
        assert not any(secret in reply.body for secret in SECRETS)
        wanted = reply.json["ref"], "Traceback (most recent call last)"
        eventually(lambda: all(word in log_since(server, mark) for word in wanted), 3, "not in the log")  # noqa: B023 - it is called here


def test_server_goes_on(server: Server, run: str) -> None:
    """Fault 32: after all those failures the next stream is whole, and its source was closed once."""
    for view, kind in (("stream", ""), ("plain-def", "_sync")):
        own = f"{run}{view}"
        reply = server.get(f"/{view}/some{kind}?run={own}", accept=NDJSON)
        assert (reply.ending, reply.body) == ("complete", b'{"n":0}\n{"n":1}\n{"n":2}\n')
        eventually(lambda: server.state(own)["closed"] == 1, 2, "the source is not closed")  # noqa: B023 - it is called here
        assert server.state(own)["closing"] == 1
