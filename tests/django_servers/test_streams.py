"""Promises 8, 9, 11 and 13, and what a request may ask for: every view and source, one by one, in every format."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest

from tailrace.formats import EventStream, Progressive
from tests.servers.checks import (
    CSV,
    JSON,
    JSON_SEQ,
    NDJSON,
    SSE,
    field_is_refused,
    head_touches_nothing,
    no_line_separators,
    parsed,
    strict_json,
)
from tests.servers.harness import Server, expect
from tests.servers.test_flow import PROMPT, delays, ticks
from tests.servers.test_requests import reasons
from tests.servers.wire import Client

from .more_checks import (
    accepts_event_source,
    comes_one_by_one,
    error_is_the_sources,
    first_comes_first,
    one_gzip_member,
)
from .sites import SYNC, at_once

if TYPE_CHECKING:
    from tailrace.formats import DocumentFormat
    from tests.servers.wire import Reply

VIEWS: Final = ("stream", "plain-def")
SOURCES: Final = ("", "_sync")
FORMATS: Final = (JSON, NDJSON, SSE, JSON_SEQ, CSV)


def test_first_item_comes_before_the_second_is_made(server: Server, run: str) -> None:
    """Promise 9: of the four combinations of views and sources Django buffers two, on every server."""
    targets = [f"/{view}/paced{kind}?run={run}" for view in VIEWS for kind in SOURCES]
    calls = [partial(first_comes_first, server, target) for target in targets]
    at_once(calls, one_by_one=server.name == SYNC)


def test_gzip_middleware_keeps_out(server: Server, run: str) -> None:
    """Promise 9, fault 8: items one by one and as they are, though the client takes gzip."""
    for view, kind in (("stream", ""), ("plain-def", "_sync")):
        reply = ticks(server.port, f"/{view}/ticks{kind}?run={run}")
        assert reply.header("content-encoding") is None
        comes_one_by_one(reply)
        assert max(delays(reply)) < PROMPT


def test_compression_is_one_member(server: Server, run: str) -> None:
    """Compression of the stream's own: items one by one, in one gzip member."""
    reply = ticks(server.port, f"/stream/ticks?run={run}&compress=")
    comes_one_by_one(reply)
    assert max(delays(reply)) < PROMPT
    one_gzip_member(reply)
    assert (reply.header("vary") or "").lower().count("accept-encoding") == 1


def test_headers_come_without_an_item(server: Server, run: str) -> None:
    """Fault 8: the status does not wait for an item longer than it is to; then a comment keeps the line open."""
    if server.name == SYNC:
        pytest.skip("its one worker serves nobody else meanwhile: seen in test_departures.py")
    headers = {"accept": SSE, "accept-encoding": "gzip"}
    with Client(server.port) as client:
        client.ask(f"/plain-def/silent?run={run}&commit_after=0.1&keep_alive=0.2", headers=headers)
        reply = client.head(within=2)
        assert (reply.status, reply.ending) == (200, "open")
        assert reply.header("x-accel-buffering") == "no"
        before = len(reply.body)
        client.read(until=b":\n\n:", within=1)
        assert client.reply.body.count(b":") >= 2, client.reply.body[before:]


def test_errors_are_the_sources_own(server: Server, run: str) -> None:
    """Promise 9: a TypeError of the source is logged as what it is."""
    for kind in SOURCES:
        error_is_the_sources(server, f"/stream/type_error{kind}?run={run}", "a mistake of the source's own")


def test_every_format(server: Server, run: str) -> None:
    """One view: what is asked for is what comes, with the headers that keep proxies from buffering."""

    def asked(number: int, media_type: str) -> None:
        view, kind = VIEWS[number % 2], SOURCES[number // 2 % 2]
        reply = server.get(f"/{view}/some{kind}?run={run}", accept=media_type)
        assert (reply.status, reply.ending) == (200, "complete")
        assert (reply.header("content-type") or "").split(";")[0] == media_type
        assert [int(item["n"]) for item in parsed(media_type, reply.body)] == [0, 1, 2]
        _has_the_headers(reply)

    at_once([partial(asked, *pair) for pair in enumerate(FORMATS)])


def _has_the_headers(reply: Reply) -> None:
    assert "accept" in (reply.header("vary") or "").lower()
    assert reply.header("cache-control") == "no-store"
    assert reply.header("x-accel-buffering") == "no"
    assert reply.header("incremental") == "?1"
    assert reply.header("x-frame-options") == "DENY"  # the middleware's
    assert reply.all("x-content-type-options") == ["nosniff"]
    assert reply.header("content-encoding") is None
    assert len(reply.all("transfer-encoding")) == 1


def test_head_touches_nothing(server: Server, run: str) -> None:
    """Promise 11: HEAD of an endless stream answers and ends; the source is not started."""
    for view, name in (("stream", "idle"), ("plain-def", "hot_sync"), ("plain-def", "silent")):
        own = f"{run}{name}"
        target = f"/{view}/{name}?run={own}"
        if server.name == SYNC:  # which keeps no connection
            reply = server.get(target, method="HEAD", within=2)
            expect((reply.status, reply.body) == (200, b"") and reply.ending == "complete", "not answered")
            expect(not server.state(own)["started"], "HEAD starts the source")
        else:
            head_touches_nothing(server, target, own)
        assert reasons(server, own) == ["head"]


def test_head_has_the_headers_of_get(server: Server, run: str) -> None:
    """Promise 11: the same status and fields as GET."""
    head = server.get(f"/stream/some?run={run}", method="HEAD", accept=NDJSON)
    full = server.get(f"/stream/some?run={run}", accept=NDJSON)
    unstable = {"date", "transfer-encoding", "content-length", "connection"}
    fields = [sorted(pair for pair in reply.headers if pair[0] not in unstable) for reply in (head, full)]
    assert fields[0] == fields[1]
    assert head.status == full.status


def test_not_acceptable(server: Server, run: str) -> None:
    """Negotiation: 406 lists what there is, 400 is for a field that does not parse; no source is started."""
    for view, accept, status in (("stream", "image/png", 406), ("plain-def", "text/html;q=many", 400)):
        own = f"{run}{status}"
        reply = server.get(f"/{view}/some?run={own}", accept=accept)
        assert (reply.status, reply.ending) == (status, "complete")
        assert reply.header("content-type") == "application/problem+json"
        assert status == 400 or {JSON, NDJSON, SSE} <= set(reply.json["available"])
        assert reasons(server, own) == ["not_started"]
        assert not server.state(own)["started"]


def test_terminal_id_stops_an_event_source(server: Server, run: str) -> None:
    """The wire: a reader that has seen the end is told 204, and the source is never started."""
    for view in VIEWS:
        own = f"{run}{view}"
        reply = server.get(f"/{view}/some?run={own}", accept=SSE, headers={"last-event-id": "~end"})
        assert (reply.status, reply.body, reply.ending) == (204, b"", "complete")
        assert reasons(server, own) == ["not_started"]
    assert server.get(f"/stream/some?run={run}", accept=SSE, headers={"last-event-id": "7"}).status == 200


def test_event_source_is_answered(server: Server, run: str) -> None:
    """Promise 8: with the Accept that a browser's has; DRF's own views are in tests/drf."""
    accepts_event_source(server, f"/plain-def/some_sync?run={run}")


def test_response_is_merged(server: Server, run: str) -> None:
    """What the view sets on its response, as on any of Django's."""
    reply = server.get(f"/decorated?run={run}")
    assert reply.status == 203
    assert reply.header("x-merged") == "yes"
    assert (reply.header("set-cookie") or "").startswith("flavour=oat")
    assert reply.header("x-own") == "mine"
    assert {"cookie", "accept"} <= {name.strip().lower() for name in (reply.header("vary") or "").split(",")}
    assert reply.all("cache-control") == ["private"]
    assert len(reply.all("content-type")) == 1


def test_nothing_corrupts_a_frame(server: Server, run: str) -> None:
    """Promise 13, fault 28: NaN, separators, dicts, the caller's dict, fields and headers."""
    for media_type in (JSON, NDJSON, SSE):
        assert strict_json(server, "/value/nan", media_type) == [{"v": [None, None, None]}]
        assert strict_json(server, "/value/dict", media_type) == [{"data": {"a": 1}, "sep": "kept"}]
        no_line_separators(server, "/value/separators", media_type)
        assert strict_json(server, "/value/separators", media_type) == [{"v": "a\u2028b\u2029c\u0085d"}]
    assert strict_json(server, f"/reused-dict?run={run}", NDJSON) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert server.state(run)["notes"] == [{"n": 0}, {"n": 1}, {"n": 2}]
    for field, text in (("id", "a\nb"), ("id", "a\0b"), ("event", "a\0b"), ("retry", "1\n2")):
        field_is_refused(server, f"/bad-field/{field}?value={quote(text)}")
    reply = server.get(f"/bad-header?run={run}header&text=a%0D%0Aset-cookie:%20evil=1")
    assert (reply.status, reply.header("set-cookie")) == (500, None)
    assert not server.state(f"{run}header")["started"]


def test_documents(server: Server) -> None:
    """Promises 14 and 15: a user's `$2` stays one, and what is deep arrives; whole for whoever takes JSON alone."""
    whole = {
        "said": "$2 and $1", "late": {"deep": ["deeper"]}, "hidden": "the other field", "count": [0, 1, 2]
    }  # fmt: skip
    assert server.get("/document", accept=JSON).json == whole

    def filled(accept: str, format_: DocumentFormat) -> None:
        reply = server.get("/document", accept=accept)
        reader = format_.reader()
        reader.feed(reply.body)
        reader.finish()
        assert reader.value == whole
        assert reply.chunks[-1][0] - reply.chunks[0][0] > 0.05, "it comes in one piece"

    formats = {
        "application/x-progressive-json;v=2": Progressive(version=2),
        "application/x-progressive-json": Progressive(version=1),
        SSE: EventStream(),
    }
    at_once([partial(filled, *pair) for pair in formats.items()], one_by_one=server.name == SYNC)


def test_rows_of_a_query_set(server: Server) -> None:
    """Under the names that the query set gives them, from sync and async views."""
    for target in ("/rows", "/rows-def"):
        rows = parsed(CSV, server.get(target, accept=CSV).body)
        assert len(rows) == 500
        assert rows[-1] == {"id": "500", "name": "Item 500"}
