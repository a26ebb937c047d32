"""Faults 7 and 8, promises 1 and 12 behind a real nginx: in front of Django under ASGI, and under WSGI."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from tests.servers.checks import NDJSON, SSE, parsed
from tests.servers.harness import eventually
from tests.servers.proxies import PROXIES, proxies
from tests.servers.test_flow import A_LOT, PROMPT, delays, stuck, ticks
from tests.servers.wire import Client, fetch

from .sites import THREADS, at_once

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.programs import Program

    from .sites import Start


def behind(nginx: Program) -> str:
    """The server behind it: one that speaks ASGI, and one that speaks WSGI. A test without a proxy sees the others."""
    return {"nginx-debian": THREADS}.get(nginx.name, "uvicorn")


ENDLESS: Final = {"uvicorn": "django/flood", THREADS: "django-def/flood_sync"}


def test_behind_nginx(nginx: Program, peer: Start, run: str, tmp_path: Path) -> None:
    """Items one by one with our headers alone; comments more often than a time-out; failures that show through."""
    name = behind(nginx)
    with proxies(nginx, peer(name).port, tmp_path) as ports:

        def one_by_one(way: str, target: str) -> None:
            reply = ticks(ports[way], f"/{target}?run={run}")
            assert max(delays(reply)) < PROMPT, way
            assert len(reply.chunks) > 6, f"{way} gathers what comes each 10 ms"

        def failure_shows(way: str) -> None:
            reply = fetch(ports[way], f"/stream/failing_later?run={run}", headers={"accept": NDJSON})
            with pytest.raises(ValueError, match=r"delimiter|Expecting"):
                parsed(NDJSON, reply.body)

        at_once(
            call
            for way in PROXIES
            for call in (
                partial(one_by_one, way, "stream/ticks"),
                partial(one_by_one, way, "plain-def/ticks_sync"),
                partial(failure_shows, way),
            )
        )
        if name == THREADS:  # HTTP/1.0: gunicorn's end of the connection is the end of the body
            plain = fetch(ports["nginx, default"], f"/django-def/failing_sync?run={run}plain")
            assert (len(parsed(NDJSON, plain.body)), plain.ending) == (3, "complete")
        kept_open(ports["nginx, 1 s"], run)


def kept_open(port: int, run: str) -> None:
    with Client(port) as kept, Client(port) as silent:
        kept.ask(f"/stream/idle?run={run}kept&keep_alive=0.3", headers={"accept": SSE})
        silent.ask(f"/stream/idle?run={run}silent&keep_alive=30&max_duration=4", headers={"accept": SSE})
        assert silent.read(within=5).ending == "cut"
        assert kept.read(within=0.5).ending == "open"


def test_a_proxy_takes_no_more_than_its_client(nginx: Program, peer: Start, run: str, tmp_path: Path) -> None:
    """Promise 12: a client that does not read. Without our header nginx reads on for it, up to 1 GiB."""
    name = behind(nginx)
    server = peer(name)
    with proxies(nginx, server.port, tmp_path) as ports, contextlib.ExitStack() as stack:
        for port in ports.values():
            stuck(stack, port, f"/stream/flood?run={run}&send_timeout=0.5")
        eventually(lambda: server.state(run)["closing"] == len(PROXIES), 10, "a stuck client is held")
        assert server.state(run)["bytes"] < len(PROXIES) * A_LOT / 4
        stuck(stack, ports["nginx, default"], f"/{ENDLESS[name]}?run={run}theirs")
        eventually(lambda: server.state(f"{run}theirs")["bytes"] > A_LOT, 20, "nginx holds its server back")
