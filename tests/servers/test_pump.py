"""The pump's lines: no delay for a lone item, few sends for many, time limits, and room for the others."""

from __future__ import annotations

import json
import statistics
import threading
import time

import pytest

from .checks import JSON, NDJSON, SSE, ping, prompt
from .harness import Server, eventually
from .wire import Client, Reply


def delays(reply: Reply) -> list[float]:
    """Seconds between the making of each item and its arrival; both clocks are the machine's own."""
    return [at - json.loads(line)["t"] for at, chunk in reply.chunks for line in chunk.splitlines()]


@pytest.mark.parametrize("name", ["ticks", "ticks_sync"])
def test_lone_item_waits_for_nothing(server: Server, run: str, name: str) -> None:
    """The pump: an item after a pause is there as soon as with raw ASGI, give or take 5 ms."""
    raw = delays(server.get("/raw/ticks"))
    ours = delays(server.get(f"/bare/{name}?run={run}"))
    assert len(ours) == len(raw) == 12
    assert statistics.median(ours) < statistics.median(raw) + 0.005


@pytest.mark.parametrize("name", ["many", "many_stepping", "many_sync"])
def test_items_are_coalesced(server: Server, run: str, name: str) -> None:
    """The pump: 20,000 items take a few hundred sends at most, also if the source only does `sleep(0)`."""
    reply = server.get(f"/bare/{name}?run={run}", within=20)
    assert reply.body.count(b"\n") == 20_000
    state = server.state(run)
    assert state["sends"] <= 400, f"{state['sends']} sends"
    assert state["outcomes"] == [{"reason": "complete", "items": 20_000, "bytes": len(reply.body)}]


@pytest.mark.parametrize("media_type", [JSON, NDJSON, SSE])
def test_headers_go_out_before_the_first_item(server: Server, run: str, media_type: str) -> None:
    """The pump: at `commit_after` a silent source's headers are sent, and seen."""
    # The limit that the README names: the middleware drops an empty piece of body, NDJSON opens with no other,
    # and without one these servers hold the headers.
    held = media_type == NDJSON and server.middleware and server.name in {"granian", "daphne"}
    with Client(server.port) as client:
        asked = time.monotonic()
        client.ask(f"/stream/silent?run={run}&commit_after=0.1", headers={"accept": media_type})
        if held:
            assert client.head(within=0.8).status == 0
            return
        reply = client.head(within=2)
        assert reply.status == 200
        assert 0.09 < time.monotonic() - asked < 0.8


def test_commit_after_waits_for_an_early_error(server: Server, run: str) -> None:
    """The pump: until then nothing is said that an error would make untrue."""
    with Client(server.port) as client:
        client.ask(f"/stream/silent?run={run}&commit_after=0.4")
        assert client.head(within=0.2).status == 0
        assert client.head(within=2).status == 200


@pytest.mark.parametrize(("media_type", "sign"), [(SSE, b":"), (JSON, b" ")])
def test_keep_alive(server: Server, run: str, media_type: str, sign: bytes) -> None:
    """The pump: an idle stream shows that it lives, in a way that every reader skips."""
    with Client(server.port) as client:
        client.ask(f"/stream/idle?run={run}&keep_alive=0.1", headers={"accept": media_type})
        client.read(until=b'{"n":0}')
        seen = len(client.reply.chunks)
        eventually(lambda: len(client.read(within=0.1).chunks) >= seen + 2, 2, "no sign of life")
        signs = b"".join(chunk for _, chunk in client.reply.chunks[seen:]).strip(b"\n")
        assert signs.startswith(sign)
        assert b"n" not in signs


def test_no_keep_alive_between_plain_lines(server: Server, run: str) -> None:
    """The pump: plain NDJSON has no room for one: spaces last in a body break a reader of lines."""
    with Client(server.port) as client:
        client.ask(f"/stream/idle?run={run}&keep_alive=0.05", headers={"accept": NDJSON})
        client.read(until=b"\n")
        assert client.read(within=0.3).body == b'{"n":0}\n'


@pytest.mark.parametrize("media_type", [JSON, NDJSON, SSE])
def test_max_duration(server: Server, run: str, media_type: str) -> None:
    """The pump: a stream that lasts too long is ended, never as if it were finished."""
    target = f"/stream/idle?run={run}&max_duration=0.15"
    reply = server.get(target, accept=media_type, within=2)
    assert reply.ending != "open"
    assert b"event: end" not in reply.body
    if media_type != SSE:  # an EventSource comes back by itself; the others must see that it is not all
        with pytest.raises(ValueError, match=r"Expecting|Extra|delimiter"):
            [json.loads(part) for part in reply.body.decode().split("\n")]
        assert reply.ending == ("cut" if server.aborts else "complete")
    state = eventually(lambda: server.state(run)["outcomes"], 2, "on_finish was not called")
    assert [outcome["reason"] for outcome in state] == ["max_duration"]
    assert server.state(run)["closed"] == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [("some", "complete"), ("some_sync", "complete"), ("failing", "failed"), ("failing_first", "failed")],
)
@pytest.mark.parametrize("route", ["stream", "bare", "in-starlette"])
def test_one_outcome_for_each_stream(server: Server, run: str, route: str, name: str, reason: str) -> None:
    """The pump: `on_finish` is called once, with what happened."""
    server.get(f"/{route}/{name}?run={run}")
    eventually(lambda: server.state(run)["outcomes"], 2, "on_finish was not called")
    ping(server)
    outcomes = server.state(run)["outcomes"]
    assert [outcome["reason"] for outcome in outcomes] == [reason]
    assert outcomes[0]["items"] == (0 if name == "failing_first" else 3)


@pytest.mark.parametrize("count", [1, 5])
def test_others_are_answered_beside_hot_sources(server: Server, run: str, count: int) -> None:
    """The pump: beside sources that never suspend, and clients that read, others have their turn.

    An answer takes a few turns of the loop, more behind the middleware, and each source may keep each
    of them for its 5 ms. On granian it takes the interpreter's lock too, which the server's own threads wait for.
    """
    over = threading.Event()

    def read_on() -> None:
        with Client(server.port) as client:
            client.ask(f"/stream/hot?run={run}")
            while not over.is_set() and client.socket.recv(1 << 18):
                pass

    readers = [threading.Thread(target=read_on) for _ in range(count)]
    for reader in readers:
        reader.start()
    try:
        eventually(lambda: server.state(run)["started"] == count, 5, "the sources are not started")
        times = sorted(ping(server) for _ in range(20 if count == 1 else 8))
    finally:
        over.set()
        for reader in readers:
            reader.join()
    if count == 1:
        prompt(times)
    assert statistics.median(times) < 0.5, f"answered in {times[0]:.3f} to {times[-1]:.3f} s"
    eventually(lambda: server.state(run)["closed"] == count, 3, "the sources are not closed")
