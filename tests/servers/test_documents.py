"""Documents over sockets: what each server's clients get, and what is left when they go."""

from __future__ import annotations

import time

import pytest

from tailrace import JSON, EventStream, Progressive

from .checks import Manner, no_alarm
from .harness import Server, eventually
from .wire import Client

MANNERS = pytest.mark.parametrize("manner", ["fin", "rst"])
ACCEPTED = {
    "v2": ("application/x-progressive-json;v=2", "application/x-progressive-json;v=2", Progressive()),
    "v1": ("application/x-progressive-json", "application/x-progressive-json", Progressive(version=1)),
    "events": ("text/event-stream", "text/event-stream", EventStream()),
    "finished": ("application/json", "application/json", JSON()),
    "anything": ("*/*", "application/json", JSON()),
}


@MANNERS
@pytest.mark.parametrize("accept", ["v2", "finished"])
def test_a_departure_cancels_the_slow_parts_at_once(
    server: Server, run: str, accept: str, manner: Manner
) -> None:
    """Within 100 ms, each of the six, and what they await in `finally` ends; the best of three counts."""
    mark = len(server.wrote())
    delays = []
    for attempt in ("a", "b", "c"):
        name = run + attempt
        with Client(server.port) as client:
            client.ask(f"/document/slow?run={name}", headers={"accept": ACCEPTED[accept][0]})
            eventually(lambda: server.state(name)["started"] == 6, 2, "the parts are not started")  # noqa: B023 - called here
            left = time.monotonic()
            client.leave(manner)
        eventually(lambda: server.state(name)["closed"] == 6, 2, "the parts are not closed")  # noqa: B023 - the same
        delays.append(max(server.state(name)["notes"]) - left)
        if delays[-1] < 0.1:
            break
    assert min(delays) < 0.1
    no_alarm(server, mark)


@pytest.mark.parametrize("accept", ["v2", "v1", "events"])
def test_parts_come_one_by_one_and_failed_ones_say_so(server: Server, run: str, accept: str) -> None:
    asked, media_type, format_ = ACCEPTED[accept]
    reply = server.get(f"/document/mixed?run={run}", accept=asked)
    assert (reply.status, reply.header("content-type"), reply.ending) == (200, media_type, "complete")
    assert reply.header("vary") == "Accept"
    reader = format_.reader()
    reader.feed(reply.body)
    reader.finish()
    assert reader.value == {
        "now": "$1",
        "fast": 1,
        "late": {"inner": 2},
        "blocking": None,
        "count": [0, 1, 2],
        "bad": None,
        "gone": None,
    }
    assert {pointer: problem.title.partition(" (")[0] for pointer, problem in reader.problems.items()} == {
        "/bad": "Internal Server Error",
        "/gone": "Gone",
    }
    assert "secret" not in reply.body.decode()
    assert len(reply.chunks) > 3
    assert reply.chunks[-1][0] - reply.chunks[0][0] > 0.1


@pytest.mark.parametrize("accept", ["finished", "anything"])
def test_a_finished_document_has_its_length_and_its_status(server: Server, accept: str) -> None:
    asked, media_type, _ = ACCEPTED[accept]
    reply = server.get("/document/sound", accept=asked)
    assert reply.json == {"now": 1, "late": {"inner": 2}, "é\u2028": "é\u2028"}
    assert (reply.status, reply.header("content-type")) == (200, media_type)
    assert reply.header("content-length") == str(len(reply.body))
    assert reply.header("transfer-encoding") is None
    gone = server.get("/document/missing", accept=asked)
    assert (gone.status, gone.json) == (404, {"detail": "no such user"})


def test_the_head_of_a_document_runs_nothing(server: Server) -> None:
    reply = server.get("/document/sound", method="HEAD")
    assert (reply.status, reply.body) == (200, b"")


def test_what_nobody_can_write_a_document_in_is_refused(server: Server) -> None:
    reply = server.get("/document/sound", accept="text/csv")
    assert reply.status == 406
    assert reply.json["available"] == [
        "application/json",
        "application/x-progressive-json",
        "application/x-progressive-json;v=2",
        "text/event-stream",
    ]


def test_items_are_a_document_that_is_one_list(server: Server, run: str) -> None:
    for accept in ("v2", "v1"):
        asked, media_type, format_ = ACCEPTED[accept]
        reply = server.get(f"/stream/some?run={run}{accept}", accept=asked)
        assert reply.header("content-type") == media_type
        reader = format_.reader()
        reader.feed(reply.body)
        reader.finish()
        items = server.get(f"/stream/some?run={run}{accept}json", accept="application/json").json
        assert list(reader.value) == items != []
