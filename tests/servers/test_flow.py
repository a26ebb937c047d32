"""Faults 7 and 8, promise 12: what stands in between holds nothing back, and takes no more than its client does."""

from __future__ import annotations

import contextlib
import json
import zlib
from typing import TYPE_CHECKING, Final

import pytest

from .checks import NDJSON, SSE
from .harness import SERVERS, Server, eventually, running
from .proxies import PROXIES, proxies
from .wire import Client, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.programs import Program

PROMPT: Final = 0.3
"""Seconds from the moment in which an item is made to the one in which its client has it."""
A_LOT: Final = 64 << 20


@pytest.fixture(scope="module", params=["uvicorn"])
def flowing(request: pytest.FixtureRequest, logs: Path) -> Iterator[Server]:
    with running(request.param, middleware=False, app="ours", logs=logs) as server:
        yield server


@pytest.fixture(scope="module")
def by_hand(logs: Path) -> Iterator[Server]:
    with running("uvicorn", middleware=False, app="peers", logs=logs) as server:
        yield server


def delays(reply: Reply) -> list[float]:
    """How long each item of the source `ticks` was on its way."""
    gzip = reply.header("content-encoding") == "gzip"
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    found: list[float] = []
    text = b""
    for at, chunk in reply.chunks:
        text += decoder.decompress(chunk) if gzip else chunk
        *lines, text = text.split(b"\n")
        found += [at - json.loads(line)["t"] for line in lines]
    assert len(found) == 12, reply
    return found


def ticks(port: int, target: str) -> Reply:
    with Client(port) as client:
        client.ask(target, headers={"accept": NDJSON, "accept-encoding": "gzip"})
        reply = client.read(within=5)
    assert reply.ending == "complete"
    return reply


def test_no_proxy_holds_an_item_back(
    nginx: Program, flowing: Server, by_hand: Server, tmp_path: Path
) -> None:
    """Fault 7: with our headers alone. What is written by hand comes through gzip in one piece, when it is finished."""
    with proxies(nginx, flowing.port, tmp_path / "ours") as ports:
        for way, port in ports.items():
            reply = ticks(port, "/stream/ticks?run=flow")
            assert max(delays(reply)) < PROMPT, way
            assert len(reply.chunks) > 6, f"{way} gathers what comes each 10 ms"
    with proxies(nginx, by_hand.port, tmp_path / "by_hand") as ports:
        assert len(ticks(ports["nginx, gzip"], "/starlette/ticks?run=flow").chunks) == 1


def test_comments_keep_a_connection_open(nginx: Program, flowing: Server, tmp_path: Path) -> None:
    """Fault 7: more often than the proxy's time-out; without them it gives up after a second."""
    with proxies(nginx, flowing.port, tmp_path) as ports:
        port = ports["nginx, 1 s"]
        with Client(port) as kept, Client(port) as silent:
            kept.ask("/stream/idle?run=kept&keep_alive=0.3", headers={"accept": SSE})
            silent.ask("/stream/idle?run=silent&keep_alive=30", headers={"accept": SSE})
            assert silent.read(within=5).ending == "cut"
            assert kept.read(within=1.5).ending == "open"


def test_a_proxy_takes_no_more_than_its_client(
    nginx: Program, flowing: Server, by_hand: Server, tmp_path: Path
) -> None:
    """Promise 12: a client that does not read, behind nginx. Without our header nginx reads on for it, up to 1 GiB."""
    run = f"stuck-{nginx.name}"
    with proxies(nginx, flowing.port, tmp_path / "ours") as ports, contextlib.ExitStack() as stack:
        for port in ports.values():
            stuck(stack, port, f"/stream/flood?run={run}&send_timeout=1")
        eventually(lambda: flowing.state(run)["closing"] == len(PROXIES), 10, "a stuck client is held")
        assert flowing.state(run)["bytes"] < len(PROXIES) * A_LOT / 4
    with proxies(nginx, by_hand.port, tmp_path / "by_hand") as ports, contextlib.ExitStack() as stack:
        stuck(stack, ports["nginx, default"], f"/starlette/flood?run={run}")
        eventually(lambda: by_hand.state(run)["bytes"] > A_LOT, 20, "nginx holds its server back")


def stuck(stack: contextlib.ExitStack, port: int, target: str) -> None:
    """A client that reads the head, and no more."""
    client = stack.enter_context(Client(port, receive_buffer=4096))
    client.ask(target, headers={"accept": NDJSON})
    client.head()


@pytest.fixture(scope="module", params=SERVERS)
def compressing(request: pytest.FixtureRequest, logs: Path) -> Iterator[Server]:
    with running(request.param, middleware=False, app="gzipped", logs=logs) as server:
        yield server


def test_compression_holds_nothing_back(compressing: Server) -> None:
    """Fault 8: items come one by one through Starlette's GZipMiddleware, and are compressed."""
    reply = ticks(compressing.port, "/stream/ticks?run=gzip")
    assert reply.header("content-encoding") == "gzip"
    assert max(delays(reply)) < PROMPT
    assert len(reply.chunks) > 6


@pytest.mark.parametrize("accept", [NDJSON, SSE])
def test_compression_does_not_wait_for_an_item(compressing: Server, accept: str) -> None:
    """Fault 8: the status and the headers come before there is an item."""
    with Client(compressing.port) as client:
        client.ask(
            "/stream/silent?run=headers&commit_after=0.1",
            headers={"accept": accept, "accept-encoding": "gzip"},
        )
        reply = client.head(within=2)
    assert reply.status == 200
    assert reply.ending == "open"
