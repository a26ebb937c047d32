"""Promise 11, and what a request or a handler may ask for: HEAD, formats, headers, dependencies, context."""

from __future__ import annotations

import pytest

from .checks import JSON, NDJSON, SSE, early_error_is_a_status, head_touches_nothing, items
from .harness import Server, eventually, log_since
from .wire import Client, Reply


def reasons(server: Server, run: str) -> list[str]:
    """What `on_finish` was told, once it was."""
    found = eventually(lambda: server.state(run)["outcomes"], 2, "on_finish was not called")
    return [outcome["reason"] for outcome in found]


@pytest.mark.parametrize("name", ["idle", "hot", "hot_sync", "silent"])
def test_head_touches_nothing(server: Server, run: str, name: str) -> None:
    """Promise 11: HEAD of an endless stream answers and ends; the source is not started."""
    head_touches_nothing(server, f"/stream/{name}?run={run}", run)
    assert reasons(server, run) == ["head"]


def test_head_has_the_headers_of_get(server: Server, run: str) -> None:
    """Promise 11: the same status and fields as GET."""
    head = server.get(f"/stream/some?run={run}", method="HEAD", accept=NDJSON)
    full = server.get(f"/stream/some?run={run}", accept=NDJSON)
    unstable = {"date", "transfer-encoding", "content-length", "connection"}
    assert head.status == full.status
    assert _fields(head, unstable) == _fields(full, unstable)


def _fields(reply: Reply, but: set[str]) -> list[tuple[str, str]]:
    return sorted(pair for pair in reply.headers if pair[0] not in but)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("*/*", JSON), (NDJSON, NDJSON), ("application/jsonl", "application/jsonl"), (SSE, SSE)],
)
def test_headers_on_every_format(server: Server, run: str, accept: str, media_type: str) -> None:
    """The pump: the headers that keep proxies from buffering, and none that are the server's."""
    reply = server.get(f"/stream/some?run={run}", accept=accept)
    assert (reply.header("content-type") or "").split(";")[0] == media_type
    assert "accept" in (reply.header("vary") or "").lower()
    assert reply.header("cache-control") == "no-store"
    assert reply.header("x-accel-buffering") == "no"
    assert reply.header("incremental") == "?1"
    assert reply.header("x-content-type-options") == "nosniff"
    assert len(reply.all("transfer-encoding")) == 1


def test_not_acceptable(server: Server, run: str) -> None:
    """Negotiation: 406 is a problem that lists what there is; the source is closed, not started."""
    reply = server.get(f"/stream/some?run={run}", accept="image/png")
    assert reply.status == 406
    assert reply.header("content-type") == "application/problem+json"
    assert {JSON, NDJSON, SSE} <= set(reply.json["available"])
    assert reasons(server, run) == ["not_started"]
    assert not server.state(run)["started"]


def test_malformed_accept(server: Server, run: str) -> None:
    """Negotiation: a field that does not parse is a 400 problem."""
    reply = server.get(f"/stream/some?run={run}", accept="text/html;q=many")
    assert reply.status == 400
    assert reply.header("content-type") == "application/problem+json"
    assert reasons(server, run) == ["not_started"]


def test_terminal_id_stops_an_event_source(server: Server, run: str) -> None:
    """The wire: a reader that has seen the end is told 204, and the source is never started."""
    headers = {"last-event-id": "~end"}
    reply = server.get(f"/stream/some?run={run}", accept=SSE, headers=headers)
    assert (reply.status, reply.body, reply.ending) == (204, b"", "complete")
    assert reasons(server, run) == ["not_started"]
    assert not server.state(run)["started"]
    assert server.get(f"/stream/some?run={run}", accept=SSE, headers={"last-event-id": "7"}).status == 200


@pytest.mark.parametrize("route", ["decorated", "decorated-yielding"])
def test_response_is_merged(server: Server, run: str, route: str) -> None:
    """Skins: status, headers, cookies and the background task.

    Those of the `Stream` that is returned, or of FastAPI's `response` where the route yields.
    """
    reply = server.get(f"/{route}?run={run}")
    assert reply.status == 203
    assert reply.header("x-merged") == "yes"
    assert (reply.header("set-cookie") or "").startswith("flavour=oat")
    assert reply.header("x-own") == "mine"
    assert {"cookie", "accept"} <= {name.strip().lower() for name in (reply.header("vary") or "").split(",")}
    assert reply.all("cache-control") == ["private"]
    assert len(reply.all("content-type")) == 1
    notes = eventually(lambda: server.state(run)["notes"], 2, "the background task did not run")
    assert notes == ["background"]


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_dependencies_live_until_the_last_item(server: Server, run: str, kind: str) -> None:
    """The pump: a dependency with `yield` is open for every item, and closed once afterwards."""
    reply = server.get(f"/depending/{kind}?run={run}", accept=NDJSON)
    got = [item["open"] for item in (_lines(reply))]
    assert got == [True] * (3 if kind == "sync" else 9)
    notes = eventually(lambda: server.state(run)["notes"], 2, "the dependency was not closed")
    assert notes == ["dependency closed"]


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize(("fail", "note"), [(1, "rolled back"), (0, "committed")])
def test_dependencies_learn_of_a_failure(server: Server, run: str, before: int, fail: int, note: str) -> None:
    """A transaction around a stream that failed is not committed (on daphne nothing may be raised: it is)."""
    server.get(f"/transaction/{before}?run={run}&fail={fail}", accept=NDJSON)
    notes = eventually(lambda: server.state(run)["notes"], 2, "the dependency was not closed")
    assert notes == (["committed"] if server.name == "daphne" else [note])


def _lines(reply: Reply) -> list[dict[str, object]]:
    return list(items(NDJSON, reply.body))


@pytest.mark.parametrize("name", ["seen", "seen_sync"])
def test_handlers_context_is_visible(server: Server, run: str, name: str) -> None:
    """The pump: the source sees the handler's context variables, in its thread too."""
    assert _lines(server.get(f"/context/{name}?run={run}", accept=NDJSON)) == [{"who": "the handler"}] * 2
    assert _lines(server.get(f"/plain-def/{name}?run={run}", accept=NDJSON)) == [{"who": "a def handler"}] * 2
    assert _lines(server.get(f"/stream/{name}?run={run}", accept=NDJSON)) == [{"who": "nobody"}] * 2


@pytest.mark.parametrize("route", ["yielding", "yielding-sync"])
@pytest.mark.parametrize("media_type", [JSON, NDJSON, SSE])
def test_response_class(server: Server, run: str, route: str, media_type: str) -> None:
    """Skins: `response_class=Stream` on a route that yields."""
    reply = server.get(f"/{route}?run={run}", accept=media_type)
    assert reply.ending == "complete"
    assert reply.header("content-type") == media_type
    assert reply.body.count(b'{"n":') == 3


def test_body_read_before_the_stream(server: Server) -> None:
    """The pump: a handler that reads the body first is right."""
    with Client(server.port) as client:
        client.post("/reads-early", b"x" * 200_000)
        assert client.read().body == b'[{"length":200000}]'


@pytest.mark.parametrize("kind", ["first", "later"])
def test_lazily_read_body_is_refused(server: Server, run: str, kind: str) -> None:
    """The pump: a source that would read the body is refused with a clear error, not starved of it."""
    mark = len(server.wrote())
    with Client(server.port) as client:
        client.post(f"/lazy/{kind}?run={run}", b"x" * 200_000)
        reply = client.read(within=3)
    if kind == "first":
        assert (reply.status, reply.ending) == (500, "complete")
    else:
        assert reply.body == b'[{"length":-1} '
    eventually(
        lambda: "await request.body()" in log_since(server, mark), 3, "the log does not say what to do"
    )


def test_early_error_of_head_and_post_alike(server: Server, run: str) -> None:
    """Promise 3 for POST: an early error is a status there as well."""
    with Client(server.port) as client:
        client.post(f"/upload/missing?run={run}", b"x" * 100_000)
        assert client.read(within=3).status == 404
    early_error_is_a_status(server, f"/stream/missing?run={run}", 404)
