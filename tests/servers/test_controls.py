"""The same checks on FastAPI's, Starlette's and sse-starlette's own streams: each must fail there.

A check that a wrong server passes would prove nothing. Every control names the peer and the server on
which it was seen to be wrong, and the words of the check that fail.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from .checks import (
    JSON,
    NDJSON,
    SSE,
    all_delivered,
    cleanup_finishes,
    closed_at_home,
    departed,
    early_error_is_a_status,
    failure_shows,
    field_is_refused,
    head_touches_nothing,
    no_alarm,
    no_line_separators,
    ping,
    server_stays_free,
    strict_json,
    stuck_client_is_given_up,
)
from .harness import SERVERS, Broken, Server

Start = Callable[[str, bool], Server]

BARE, MIDDLEWARE = False, True
FASTAPI_SSE = "/fastapi-sse"
ALL_SERVERS = pytest.mark.parametrize("name", SERVERS)


@ALL_SERVERS
def test_1_fastapi_sse_looks_finished(peer: Start, run: str, name: str) -> None:
    """Promise 1: FastAPI's events end cleanly after an exception, on every server, without any middleware."""
    with pytest.raises(Broken, match="a failed body looks finished"):
        failure_shows(peer(name, BARE), f"{FASTAPI_SSE}/failing?run={run}", SSE)


@pytest.mark.parametrize(
    ("route", "media_type"),
    [("starlette", NDJSON), ("starlette-array", JSON), ("fastapi-jsonl", NDJSON), ("sse-starlette", SSE)],
)
def test_1_streams_behind_the_middleware_look_finished(
    peer: Start, run: str, route: str, media_type: str
) -> None:
    """Promise 1: every Starlette stream behind BaseHTTPMiddleware; uvicorn."""
    server = peer("uvicorn", MIDDLEWARE)
    with pytest.raises(Broken, match="a failed body looks finished"):
        failure_shows(server, f"/{route}/failing_later?run={run}", media_type)
    assert server.get(f"/{route}/failing_later?run={run}").ending == "complete"


def test_1_client_of_daphne_waits_for_ever(peer: Start, run: str) -> None:
    """Promise 1: Starlette on daphne: the failed body never ends."""
    with pytest.raises(Broken, match="left waiting"):
        failure_shows(peer("daphne", BARE), f"/starlette/failing_later?run={run}", NDJSON)


@pytest.mark.parametrize(
    ("name", "middleware"), [("uvicorn", BARE), ("uvicorn", MIDDLEWARE), ("granian", BARE)]
)
def test_2_fastapi_sse_loses_items(peer: Start, run: str, name: str, middleware: bool) -> None:  # noqa: FBT001 - a test's parameter
    """Promise 2: FastAPI's events in front of one that cannot be encoded are dropped in its queues."""
    with pytest.raises(Broken, match="items yielded before the error are lost"):
        all_delivered(peer(name, middleware), f"{FASTAPI_SSE}/unwritable_later?run={run}", SSE, 3)


@pytest.mark.parametrize("route", ["starlette", "fastapi-jsonl", "fastapi-sse", "sse-starlette"])
@pytest.mark.parametrize(("source", "status"), [("missing", 404), ("failing_first", 500)])
def test_3_early_errors_are_200(peer: Start, run: str, route: str, source: str, status: int) -> None:
    """Promise 3: each of the peers; uvicorn."""
    with pytest.raises(Broken, match="went out as 200"):
        early_error_is_a_status(peer("uvicorn", BARE), f"/{route}/{source}?run={run}", status)


def test_4_starlette_freezes_uvicorn(doomed: Start, run: str) -> None:
    """Promise 4: StreamingResponse over a source that never suspends; uvicorn, for ever."""
    server = doomed("uvicorn", BARE)
    with pytest.raises(Broken, match="another endpoint does not answer"):
        server_stays_free(server, f"/starlette/hot?run={run}", run, "rst")
    with pytest.raises(Broken, match="another endpoint does not answer"):
        ping(server)


def test_4_starlette_never_closes_on_granian(doomed: Start, run: str) -> None:
    """Promise 4: the same on granian, where now and then another endpoint still gets through."""
    with pytest.raises(Broken, match=r"another endpoint|the source of a departed client is not closed"):
        server_stays_free(doomed("granian", BARE), f"/starlette/hot?run={run}", run, "rst")


@pytest.mark.parametrize("route", ["starlette", "fastapi-jsonl-sync", "fastapi-sse-sync"])
def test_5_sync_generators_are_left_to_the_collector(peer: Start, run: str, route: str) -> None:
    """Promise 5: Starlette's and FastAPI's; uvicorn. `yield from` passes the collector's close on, in some thread."""
    with pytest.raises(Broken, match=r"a sync generator is (not closed|closed in another thread)"):
        closed_at_home(peer("uvicorn", BARE), f"/{route}/sleepy_sync?run={run}", run, "fin")


@pytest.mark.parametrize("route", ["starlette", "fastapi-jsonl", "fastapi-sse", "sse-starlette"])
def test_6_cleanup_is_cut_off(peer: Start, run: str, route: str) -> None:
    """Promise 6: each of the peers; uvicorn."""
    with pytest.raises(Broken, match="an `await` in `finally` was cut off"):
        cleanup_finishes(peer("uvicorn", BARE), f"/{route}/idle?run={run}", run, "fin")


@pytest.mark.parametrize("name", ["uvicorn", "hypercorn"])
def test_7_fastapi_sse_alarms(peer: Start, run: str, name: str) -> None:
    """Promise 7: FastAPI's events break with a group of exceptions when the client of a busy source leaves."""
    server = peer(name, BARE)
    mark = len(server.wrote())

    def departures() -> None:
        for _ in range(50):  # it takes a few, for there is a race in it
            departed(server, f"{FASTAPI_SSE}/busy?run={run}", "fin")
            ping(server)
            no_alarm(server, mark)

    with pytest.raises(Broken, match="an ordinary departure is logged as an error"):
        departures()


@ALL_SERVERS
def test_11_starlette_runs_the_source_for_head(peer: Start, run: str, name: str) -> None:
    """Promise 11: StreamingResponse runs an endless source for HEAD."""
    with pytest.raises(Broken, match="HEAD starts the source"):
        head_touches_nothing(peer(name, BARE), f"/starlette/idle?run={run}", run)


def test_13_nan(peer: Start) -> None:
    """Promise 13: `json.dumps` in a StreamingResponse, as Starlette's documentation has it."""
    with pytest.raises(Broken, match="not JSON"):
        strict_json(peer("uvicorn", BARE), "/nan", NDJSON)


def test_13_line_separators(peer: Start) -> None:
    """Promise 13: sse-starlette's JSON events."""
    with pytest.raises(Broken, match="raw line separators"):
        no_line_separators(peer("uvicorn", BARE), "/separator-sse-starlette", SSE)


def test_13_repr(peer: Start) -> None:
    """Promise 13: sse-starlette sends a dict as Python's repr."""
    with pytest.raises(Broken, match="not JSON"):
        strict_json(peer("uvicorn", BARE), "/sse-starlette-plain", SSE)


@pytest.mark.parametrize(
    ("route", "field", "text"),
    [
        ("bad-field", "id", "a\nb"), ("bad-field", "id", "a\0b"), ("bad-field", "event", "a\r\nb"),
        ("fastapi-bad-field", "event", "a\0b"),
    ],
)  # fmt: skip
def test_13_corrupting_fields(peer: Start, route: str, field: str, text: str) -> None:
    """Promise 13: sse-starlette changes newlines in silence and sends NUL; FastAPI sends NUL in `event`."""
    with pytest.raises(Broken, match="a field that corrupts the frame was sent"):
        field_is_refused(peer("uvicorn", BARE), f"/{route}/{field}?value={quote(text)}")


@pytest.mark.parametrize("route", ["starlette", "fastapi-jsonl", "fastapi-sse", "sse-starlette"])
def test_16_stuck_clients_are_held(peer: Start, run: str, route: str) -> None:
    """Promise 16: each of the peers, with its own defaults; uvicorn."""
    with pytest.raises(Broken, match="a stuck client is held"):
        stuck_client_is_given_up(peer("uvicorn", BARE), f"/{route}/flood?run={run}", run, within=1.0)
