"""Promises 4 to 7 and 16, faults 1 to 4: what happens when the client leaves, or stops reading.

Under WSGI a departure is noticed when the server writes, so what is silent needs its keep-alive.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from tests.servers.checks import (
    SSE,
    cleanup_finishes,
    closed_at_home,
    departed,
    no_alarm,
    server_stays_free,
    stuck_client_is_given_up,
)
from tests.servers.harness import Server, eventually
from tests.servers.test_departures import outcomes
from tests.servers.wire import Client

from .more_checks import no_connection_remains, no_thread_remains, open_files
from .sites import SYNC, WSGI, at_once

if TYPE_CHECKING:
    from tests.servers.checks import Manner

LIVELY: Final = "&keep_alive=0.2"
MANNERS: Final[tuple[Manner, ...]] = ("fin", "rst")


@pytest.fixture
def others(server: Server) -> Server:
    """A server that serves others while a stream is open."""
    if server.name == SYNC:
        pytest.skip("gunicorn's sync worker serves one request at a time")
    return server


def test_ordinary_departures(server: Server, run: str) -> None:
    """Promises 5 to 7, faults 1 and 4: closed within a second, at home, to the end of its awaits, without an alarm."""

    def leaves(view: str, name: str, manner: Manner) -> None:
        own = f"{run}{view}{name}{manner}"
        check = closed_at_home if name == "sleepy_sync" else cleanup_finishes
        check(server, f"/{view}/{name}?run={own}{LIVELY}", own, manner)
        assert outcomes(server, own) == ["disconnected"]

    def leaves_early(name: str, but: str, manner: Manner) -> None:
        own = f"{run}early{name}{manner}"
        departure_before_the_first_byte(server, f"{name}?run={own}{but}", own, manner)

    mark = len(server.wrote())
    pairs = [
        ("stream", "idle"), ("plain-def", "flood"), ("plain-def", "busy"),
        ("stream", "sleepy_sync"), ("plain-def", "sleepy_sync"),
    ]  # fmt: skip
    wait = "0.2" if server.name in WSGI else "60"  # under WSGI it has to end
    early = [("silent", f"&commit_after={wait}"), ("sleepy_sync", "&dawdle=0.5")]
    calls = [
        partial(call, *pair, manner)
        for call, kind in ((leaves, pairs), (leaves_early, early))
        for pair in kind
        for manner in MANNERS
    ]
    alone = server.name == SYNC
    at_once(calls[:: 3 if alone else 1], one_by_one=alone)
    no_alarm(server, mark)


def departure_before_the_first_byte(server: Server, target: str, run: str, manner: Manner) -> None:
    """Promise 6, fault 1: while the status waits for an item, or the response is on its way through the middleware."""
    with Client(server.port) as client:
        client.ask(f"/stream/{target}{LIVELY}", headers={"accept": SSE})
        if server.name == SYNC:
            client.head()
        else:
            eventually(lambda: server.state(run)["started"], 2, "the source is not started")
        client.leave(manner)
    eventually(lambda: server.state(run)["closed"], 1.5, "the source is not closed")
    assert outcomes(server, run) == ["disconnected"]


@pytest.mark.parametrize("name", ["hot", "hot_sync"])
def test_hot_source_does_not_freeze_the_server(others: Server, run: str, name: str) -> None:
    """Promise 4, fault 3: closed within a second, at most 1 MiB later, while others are answered; best of three."""
    produced: list[int] = []
    for attempt in ("a", "b", "c"):
        own = run + attempt
        produced.append(server_stays_free(others, f"/stream/{name}?run={own}", own, "fin"))
        assert outcomes(others, own) == ["disconnected"]
        if produced[-1] < 1 << 20:
            return
    pytest.fail(f"bytes produced after the client had gone: {produced}")


def test_stuck_client_is_given_up(others: Server, run: str) -> None:
    """Promise 16: a client that never reads has its source closed after `send_timeout`."""
    if not others.holds_back:
        pytest.skip("daphne takes whatever it is given: nobody is stuck there")

    def stuck(view: str, name: str) -> None:
        own = run + name
        stuck_client_is_given_up(others, f"/{view}/{name}?run={own}&send_timeout=0.5", own, within=4)
        assert outcomes(others, own) == ["send_timeout"]

    at_once([partial(stuck, "stream", "flood"), partial(stuck, "plain-def", "flood_sync")])


def test_departed_clients_leave_no_thread(others: Server, run: str) -> None:
    """Fault 2: clients of sync generators leave, and no thread stays behind."""
    no_thread_remains(others, f"/stream/sleepy_sync?run={run}", run, 20)
    assert others.state(run)["astray"] == 0


def test_connections_of_a_source_are_closed(server: Server, run: str) -> None:
    """Whatever thread has read: the source's own, Django's for async views, whether its client stays or leaves."""
    count = partial(open_files, server)
    for target in ("stream/reading", "stream/reading_sync", "plain-def/reading", "rows", "rows-def"):
        no_connection_remains(server, f"/{target}?run={run}", count)
    departed(server, f"/stream/reading_slowly_sync?run={run}slow", "fin")
    eventually(lambda: server.state(f"{run}slow")["closed"], 1.5, "the source is not closed")
    eventually(lambda: not count(), 1, "a connection remains behind a client that has left")
