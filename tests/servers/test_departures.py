"""Promises 4 to 7 and 16, faults 1 to 4: what happens when the client leaves, or stops reading."""

from __future__ import annotations

import contextlib

import pytest

from .checks import (
    Manner,
    cleanup_finishes,
    closed_at_home,
    departed,
    no_alarm,
    server_stays_free,
    stuck_client_is_given_up,
)
from .harness import Broken, Server, eventually
from .wire import Client

MANNERS = pytest.mark.parametrize("manner", ["fin", "rst"])


def outcomes(server: Server, run: str, within: float = 2.0) -> list[str]:
    """The reasons that `on_finish` was given, once there is one."""
    found = eventually(lambda: server.state(run)["outcomes"], within, "on_finish was not called")
    return [outcome["reason"] for outcome in found]


@MANNERS
@pytest.mark.parametrize("name", ["hot", "hot_sync"])
def test_hot_source_does_not_freeze_the_server(server: Server, run: str, name: str, manner: Manner) -> None:
    """Promise 4, fault 3: closed within a second, at most 1 MiB later, while others are answered.

    What is produced until the departure is noticed depends on who else wants the machine: the best of
    three counts. All the rest must hold each time.
    """
    produced: list[int] = []
    for attempt in ("a", "b", "c"):
        produced.append(
            server_stays_free(server, f"/stream/{name}?run={run}{attempt}", run + attempt, manner)
        )
        assert outcomes(server, run + attempt) == ["disconnected"]
        if produced[-1] < 1 << 20:
            return
    pytest.fail(f"bytes produced after the client had gone: {produced}")


@MANNERS
@pytest.mark.parametrize("route", ["stream", "plain-def", "bare"])
def test_sync_generator_is_closed_in_its_thread(server: Server, run: str, route: str, manner: Manner) -> None:
    """Promise 5, fault 2: by name and not by the garbage collector, for the application still holds it."""
    closed_at_home(server, f"/{route}/sleepy_sync?run={run}", run, manner)
    assert outcomes(server, run) == ["disconnected"]


@pytest.mark.parametrize("name", ["some_sync", "failing_sync"])
def test_whole_sync_generator_is_closed_in_its_thread(server: Server, run: str, name: str) -> None:
    """Promise 5: also one that came to its end, or failed."""
    server.get(f"/stream/{name}?run={run}")
    eventually(lambda: server.state(run)["closed"], 1, "not closed")
    assert not server.state(run)["astray"]


@MANNERS
@pytest.mark.parametrize("route", ["stream", "bare", "in-starlette"])
def test_cleanup_finishes_after_a_departure(server: Server, run: str, route: str, manner: Manner) -> None:
    """Promise 6, faults 1 and 4: `finally` within a second, and its `await`s run to their end."""
    cleanup_finishes(server, f"/{route}/idle?run={run}", run, manner)
    assert outcomes(server, run) == ["disconnected"]


@MANNERS
def test_departure_before_the_first_item(server: Server, run: str, manner: Manner) -> None:
    """Promise 6, fault 1: the same while the status still waits for an item."""
    with Client(server.port) as client:
        client.ask(f"/stream/silent?run={run}&commit_after=60")
        eventually(lambda: server.state(run)["started"], 2, "the source is not started")
        client.leave(manner)
        eventually(lambda: server.state(run)["closed"], 1.5, "the source is not closed")
    assert outcomes(server, run) == ["disconnected"]


@MANNERS
def test_departure_in_the_middle_of_a_flood(server: Server, run: str, manner: Manner) -> None:
    """Promise 6, fault 4: the same while data is in flight."""
    departed(server, f"/stream/flood?run={run}", manner)
    eventually(lambda: server.state(run)["closed"], 1.5, "the source is not closed")
    assert outcomes(server, run) == ["disconnected"]


@MANNERS
def test_ordinary_departures_are_no_errors(server: Server, run: str, manner: Manner) -> None:
    """Promise 7, fault 4: idle, in the middle, sync, before the first item: no error in the server's log."""
    mark = len(server.wrote())
    names = ("idle", "flood", "sleepy_sync", "busy")
    for name in names:
        departed(server, f"/stream/{name}?run={run}-{name}", manner)
    with Client(server.port) as client:
        client.ask(f"/stream/silent?run={run}-silent&commit_after=60")
        eventually(lambda: server.state(f"{run}-silent")["started"], 2, "the source is not started")
        client.leave(manner)
    for name in (*names, "silent"):
        assert outcomes(server, f"{run}-{name}") == ["disconnected"]
    no_alarm(server, mark)


def test_departure_during_an_upload_is_no_error(server: Server, run: str) -> None:
    """Promise 7: nor is one in the middle of a request's body."""
    mark = len(server.wrote())
    with Client(server.port) as client:
        client.post(f"/upload/idle?run={run}", b"x" * 1000, length=100_000)
        if server.name != "daphne":  # which asks the application only once the body is there
            client.read(until=b"{")
        client.leave("fin")
    if server.name != "daphne":
        eventually(lambda: server.state(run)["closed"], 1.5, "the source is not closed")
    no_alarm(server, mark)


def test_unread_request_body_hides_no_departure(server: Server, run: str) -> None:
    """The pump: a body that nobody reads stands before the disconnect in the queue."""
    with Client(server.port) as client:
        client.post(f"/upload/idle?run={run}", b"x" * 300_000)
        client.read(until=b"{")
        assert client.reply.status == 200
        client.leave("fin")
        eventually(lambda: server.state(run)["closed"], 1.5, "the source is not closed")
    assert outcomes(server, run) == ["disconnected"]


def test_stuck_client_is_given_up(server: Server, run: str) -> None:
    """Promise 16: a client that never reads has its source closed after `send_timeout`."""
    path = f"/stream/flood?run={run}&send_timeout=0.5"
    if server.holds_back:
        stuck_client_is_given_up(server, path, run, within=4)
        assert outcomes(server, run) == ["send_timeout"]
    else:
        # The limit that the README names: daphne takes whatever it is given, and nobody can tell.
        with pytest.raises(Broken):
            stuck_client_is_given_up(server, path, run, within=1)
        eventually(lambda: outcomes(server, run) == ["disconnected"], 3, "the source is not closed")


def test_stuck_client_that_wakes_up_too_late(server: Server, run: str) -> None:
    """Promise 1: it learns that its stream has failed, also where the middleware hides that the transfer was cut."""
    if not server.holds_back:
        pytest.skip("daphne takes whatever it is given: nobody is stuck there")
    with Client(server.port, receive_buffer=4096) as client:
        client.ask(f"/stream/flood?run={run}&send_timeout=1", headers={"accept": "application/x-ndjson"})
        client.head()
        eventually(lambda: server.state(run)["closed"], 5, "the source is not closed")
        *records, last = client.read(within=10).body.split(b"\n")
    assert outcomes(server, run) == ["send_timeout"]
    assert all(record.endswith(b'"}') for record in records)
    assert last.startswith(b'{"problem":{')
    assert not last.endswith(b"}}")


def test_stuck_client_that_wakes_up_in_time(server: Server, run: str) -> None:
    """Promise 16: one that reads again before `send_timeout` loses nothing."""
    with Client(server.port, receive_buffer=4096) as client:
        client.ask(f"/stream/many?run={run}&send_timeout=20", headers={"accept": "application/x-ndjson"})
        client.head()
        reply = client.read(within=10)
    assert reply.ending == "complete"
    assert reply.body.count(b"\n") == 20_000


def test_departed_clients_leave_no_thread(server: Server, run: str) -> None:
    """Fault 2: 200 clients of sync generators leave, and no thread stays behind."""
    server.get("/plain-def/some_sync?run=warm-up")
    before = len([name for name in server.threads() if "tailrace" in name])
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(200)]
        for client in clients:
            client.ask(f"/stream/sleepy_sync?run={run}")
        eventually(lambda: server.state(run)["started"] == 200, 10, "200 clients are not served at once")
    eventually(lambda: server.state(run)["closed"] == 200, 5, "not all sources were closed")
    eventually(lambda: _own(server) <= before, 2, "threads stay behind")
    state = server.state(run)
    assert state["astray"] == 0
    eventually(lambda: len(server.state(run)["outcomes"]) == 200, 2, "on_finish was not called for each")


def _own(server: Server) -> int:
    return len([name for name in server.threads() if "tailrace" in name])
