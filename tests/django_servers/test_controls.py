"""The same checks on what Django, restflow and DRF stream by themselves: each must fail there.

Not here are promises 6 and 7: Django cancels the source of a departed client once and waits for it, and logs nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.servers.checks import (
    JSON,
    NDJSON,
    SSE,
    all_delivered,
    closed_at_home,
    early_error_is_a_status,
    failure_shows,
    field_is_refused,
    head_touches_nothing,
    ping,
    server_stays_free,
    strict_json,
    stuck_client_is_given_up,
)
from tests.servers.harness import Broken
from tests.servers.test_flow import ticks

from .more_checks import (
    accepts_event_source,
    comes_one_by_one,
    error_is_the_sources,
    first_comes_first,
    no_connection_remains,
    no_thread_remains,
    one_gzip_member,
    open_files,
)
from .sites import ASGI, GRANIAN, SYNC, THREADS, WSGI, at_once

if TYPE_CHECKING:
    from .sites import Start

# Django takes an async source by itself under ASGI only, a sync one under WSGI only.
RIGHT = [*((name, "django", "") for name in ASGI), *((name, "django-def", "_sync") for name in WSGI)]
WRONG = [*((name, "django", "_sync") for name in ASGI), *((name, "django-def", "") for name in WSGI)]


@pytest.mark.parametrize(("name", "route", "kind"), [RIGHT[0], RIGHT[-2]])
def test_1_cut_lines_look_finished(peer: Start, run: str, name: str, route: str, kind: str) -> None:
    """Promise 1: whole lines are whole lines, whatever became of the transfer; uvicorn, gunicorn."""
    with pytest.raises(Broken, match="a failed body looks finished"):
        failure_shows(peer(name), f"/{route}/failing{kind}?run={run}", NDJSON)


@pytest.mark.parametrize(("kind", "media_type"), [("list", JSON), ("ndjson", NDJSON), ("sse", SSE)])
def test_1_restflow_looks_finished(peer: Start, run: str, kind: str, media_type: str) -> None:
    """Promise 1: restflow's array even has its bracket, from a `finally`; uvicorn."""
    with pytest.raises(Broken, match="a failed body looks finished"):
        failure_shows(peer("uvicorn"), f"/restflow/{kind}/failing_later?run={run}", media_type)


def test_1_granian_ends_what_failed(peer: Start, run: str) -> None:
    """Promise 1: granian's WSGI says itself that all is well."""
    assert peer(GRANIAN).get(f"/django-def/failing_sync?run={run}").ending == "complete"


def test_2_items_are_lost(peer: Start, run: str) -> None:
    """Promise 2: all that were yielded, where Django makes a list of the source first; uvicorn."""
    with pytest.raises(Broken, match="items yielded before the error are lost"):
        all_delivered(peer("uvicorn"), f"/django/failing_sync?run={run}", NDJSON, 3)


@pytest.mark.parametrize(("error", "status"), [("http404", 404), ("denied", 403), ("bad_request", 400)])
@pytest.mark.parametrize(("name", "route", "kind"), [RIGHT[0], RIGHT[-2]])
def test_3_early_errors(
    peer: Start, run: str, name: str, route: str, kind: str, error: str, status: int
) -> None:
    """Promise 3: Django's own exceptions are 200 under ASGI, and 500 under WSGI; uvicorn, gunicorn."""
    with pytest.raises(Broken, match=r"went out as (200|500)"):
        early_error_is_a_status(peer(name), f"/{route}/{error}{kind}?run={run}", status)


def test_5_sync_generators_are_left_to_the_collector(peer: Start, run: str) -> None:
    """Promise 5: one within another, as nearly all are; gunicorn."""
    with pytest.raises(Broken, match="a sync generator is not closed"):
        closed_at_home(peer(THREADS), f"/django-def/sleepy_sync?run={run}", run, "fin")


def test_what_nothing_else_should_share_a_server_with(doomed: Start, run: str) -> None:
    """Connections of threads, fault 2, promise 4: the last one ends it; uvicorn.

    Nobody closes the connections that a thread has opened by the way; Django goes on making its list of a sync source
    whose client has left; and over a source that never suspends the server stands still for ever.
    """
    server = doomed("uvicorn")
    with pytest.raises(Broken, match="a connection remains"):
        no_connection_remains(
            server, f"/django-in-a-thread/reading_sync?run={run}", partial(open_files, server), 0.5
        )
    with pytest.raises(Broken, match="threads stay behind"):
        no_thread_remains(server, f"/django/sleepy_sync?run={run}threads", f"{run}threads", 20, 0.5)
    with pytest.raises(Broken, match="another endpoint does not answer"):
        server_stays_free(server, f"/django/hot?run={run}hot", f"{run}hot", "rst")
    with pytest.raises(Broken, match="another endpoint does not answer"):
        ping(server)


def test_8_event_source_is_refused(peer: Start, run: str) -> None:
    """Promise 8: by DRF, and by restflow's own view of restflow's own events."""
    with pytest.raises(Broken, match="EventSource is answered 406"):
        accepts_event_source(peer("uvicorn"), "/drf")
    with pytest.raises(Broken, match="EventSource is answered 406"):
        accepts_event_source(peer("uvicorn"), f"/restflow-view?run={run}")


@pytest.mark.parametrize(("name", "route", "kind"), WRONG)
def test_9_two_of_four_are_buffered(peer: Start, run: str, name: str, route: str, kind: str) -> None:
    """Promise 9: sync sources under ASGI, async ones under WSGI."""
    with pytest.raises(Broken, match="the first item waits for the second"):
        first_comes_first(peer(name), f"/{route}/paced{kind}?run={run}")


@pytest.mark.parametrize(("name", "kind"), [("uvicorn", ""), (THREADS, "_sync")])
def test_9_gzip(peer: Start, run: str, name: str, kind: str) -> None:
    """Promise 9: one member for each chunk of an async source; a sync one is held back to its end."""
    reply = ticks(peer(name).port, f"/django/ticks{kind}?run={run}")
    if kind:
        with pytest.raises(Broken, match="items are held back"):
            comes_one_by_one(reply)
    else:
        with pytest.raises(Broken, match="more than one gzip member"):
            one_gzip_member(reply)


@pytest.mark.parametrize("name", ["uvicorn", SYNC])
def test_9_a_false_type_error(peer: Start, run: str, name: str) -> None:
    """Promise 9: Django takes the source's TypeError for a sign that it is no iterator."""
    with pytest.raises(Broken, match="another error stands in its place"):
        error_is_the_sources(peer(name), f"/django/type_error?run={run}", "a mistake of the source's own")


@pytest.mark.parametrize(("name", "source"), [("uvicorn", "short"), (THREADS, "short_sync")])
def test_11_head_runs_the_source(peer: Start, run: str, name: str, source: str) -> None:
    """Promise 11: for HEAD too. (One that ends, for else it would be there until its server is killed.)"""
    with pytest.raises(Broken, match=r"HEAD (starts the source|is not answered)"):
        head_touches_nothing(peer(name), f"/django/{source}?run={run}", run)


def test_13_what_is_no_json(peer: Start) -> None:
    """Promise 13: NaN from restflow, and Python's repr of a dict from StreamingHttpResponse."""
    for target in ("/restflow-nan", "/django-dict"):
        with pytest.raises(Broken, match="not JSON"):
            strict_json(peer("uvicorn"), target, NDJSON)


@pytest.mark.parametrize(("field", "value"), [("id", "a%0Ab"), ("id", "a%00b"), ("event", "a%00b")])
def test_13_corrupting_fields(peer: Start, field: str, value: str) -> None:
    """Promise 13: restflow refuses a newline when the status is out, and sends NUL."""
    with pytest.raises(Broken, match="a field that corrupts the frame was sent"):
        field_is_refused(peer("uvicorn"), f"/restflow-bad-field/{field}?value={value}")


def test_16_stuck_clients_are_held(peer: Start, run: str) -> None:
    """Promise 16: with their own defaults; uvicorn, gunicorn."""

    def stuck(number: int, name: str, target: str) -> None:
        with pytest.raises(Broken, match="a stuck client is held"):
            stuck_client_is_given_up(peer(name), f"{target}?run={run}{number}", f"{run}{number}", within=1.0)

    peer(THREADS)
    targets = [
        ("uvicorn", "/django/flood"), ("uvicorn", "/restflow/ndjson/flood"), (THREADS, "/django/flood_sync")
    ]  # fmt: skip
    at_once(partial(stuck, number, *pair) for number, pair in enumerate(targets))
