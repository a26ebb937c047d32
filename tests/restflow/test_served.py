"""restflow's page on real servers: every example, and what a client sees while it comes."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final

import pytest

from tailrace import Event
from tailrace.client.sync import connect
from tests.restflow.serving import ON_WSGI, ORDERS, new_run
from tests.servers.wire import Client

if TYPE_CHECKING:
    from tests.servers.harness import Server

EVENT_STREAM: Final = "text/event-stream"
PRODUCTS = [(1, "1.50"), (2, "2.50"), (3, "3.50")]


def array(*elements: str) -> str:
    return f"[{','.join(elements)}]"


PROGRESS = "".join(
    [
        "event: start\ndata: job-42\n\n",
        *[f'id: {pct}\nevent: progress\ndata: {{"pct": {pct}}}\n\n' for pct in range(0, 101, 10)],
        "event: done\ndata: job-42\n\n",
    ]
)
EXPORTED = (
    '{"ts":"2026-01-01T00:00:00Z","actor":"a","action":"login"}\n'
    '{"ts":"2026-01-01T00:00:01Z","actor":"b","action":"logout"}\n'
)
NAMES = array(*[f'{{"id":{pk},"name":"product {pk}"}}' for pk, _ in PRODUCTS])
JSON, LINES = "application/json", "application/x-ndjson"

EXAMPLES: list[tuple[str, str, str]] = [
    (
        "/products",
        JSON,
        array(*[f'{{"id":{pk},"name":"product {pk}","price":"{price}"}}' for pk, price in PRODUCTS]),
    ),
    ("/names", JSON, NAMES),
    ("/chunked", "application/vnd.api+json", NAMES),
    ("/events", LINES, EXPORTED),
    ("/export", LINES, EXPORTED),
    ("/progress", EVENT_STREAM, PROGRESS),
    ("/since", EVENT_STREAM, "".join(f"id: {n}\ndata: payload {n}\n\n" for n in (1, 2, 3))),
    ("/cross-origin", EVENT_STREAM, PROGRESS),
    (
        "/orders",
        JSON,
        array(*[f'{{"id":{pk},"total":{pk / 4}}}' for pk in range(1, ORDERS + 1)]),
    ),
    ("/encoded", EVENT_STREAM, 'event: order\ndata: {"total": 9.99}\n\n'),
    ("/safe", EVENT_STREAM, "event: progress\ndata: 1\n\nevent: error\ndata: the disk is full\n\n"),
    (
        "/all",
        LINES,
        "".join(f'{{"id":{pk},"total":"{pk / 4:.2f}"}}\n' for pk in range(1, ORDERS + 1)),
    ),
]


@pytest.mark.seed("R5")
@pytest.mark.seed("R6")
@pytest.mark.seed("R7")
@pytest.mark.seed("R10")
@pytest.mark.seed("R11")
@pytest.mark.seed("R13")
@pytest.mark.seed("R14")
@pytest.mark.seed("R20")
@pytest.mark.seed("R21")
@pytest.mark.seed("R24")
@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize(("target", "media_type", "body"), EXAMPLES, ids=[target for target, *_ in EXAMPLES])
def test_every_example(server: Server, target: str, media_type: str, body: str, coding: str) -> None:
    """The page's own bytes, behind Django's middleware, which compresses what it may."""
    reply = server.get(target, headers={"accept-encoding": coding})
    assert (reply.status, reply.header("content-type")) == (200, media_type)
    assert reply.body.decode() == body
    assert reply.ending == "complete"
    assert reply.header("content-encoding") is None
    assert reply.header("content-length") is None


@pytest.mark.seed("R11")
@pytest.mark.seed("R18")
@pytest.mark.seed("R23")
def test_the_headers(server: Server) -> None:
    events = server.get("/cross-origin")
    assert events.header("cache-control") == "no-cache"
    assert events.header("x-accel-buffering") == "no"
    assert events.header("access-control-allow-origin") == "https://app.example.com"
    assert events.header("access-control-allow-credentials") == "true"
    for target in ("/products", "/events"):
        assert server.get(target).header("cache-control") is None
        assert server.get(target).header("x-accel-buffering") == "no"


@pytest.mark.seed("R17")
def test_an_event_source_goes_on_where_it_was(server: Server) -> None:
    reply = server.get("/since", headers={"last-event-id": "2"})
    assert reply.body == b"id: 3\ndata: payload 3\n\n"


@pytest.mark.seed("R24")
def test_require_get(server: Server) -> None:
    assert server.get("/export", method="HEAD").status == 405


@pytest.mark.seed("R5")
@pytest.mark.seed("R12")
def test_a_heartbeat_has_no_end(server: Server) -> None:
    with Client(server.port) as client:
        client.ask("/heartbeat", headers={"accept": EVENT_STREAM})
        reply = client.read(until=3 * b"data: tick\n\n")
    assert reply.body == 3 * b"data: tick\n\n"
    assert reply.ending == "open"


@pytest.mark.seed("R5")
@pytest.mark.seed("R7")
@pytest.mark.parametrize("view", ["made", "made-sync"])
@pytest.mark.parametrize("source", ["gated", "gated-sync"])
@pytest.mark.parametrize(
    ("kind", "opening", "first"),
    [("list", b"[", b'{"data":1}'), ("lines", b"", b'{"data":1}\n'), ("events", b"", b"data: 1\n\n")],
)
def test_each_item_as_it_is_made(
    server: Server, view: str, source: str, kind: str, opening: bytes, first: bytes
) -> None:
    """No item is made before the client has the one before, and the first not before it has the headers."""
    run = new_run()
    with Client(server.port) as client:
        client.ask(f"/{view}/{kind}/{source}/{run}")
        reply = client.head()
        assert reply.status == 200
        assert client.read(until=opening).body == opening
        server.get(f"/probe/release/{run}")
        assert client.read(until=first).body == opening + first
        server.get(f"/probe/release/{run}")
        assert client.read().ending == "complete"


@ON_WSGI
def test_restflow_under_wsgi_collects_first(server: Server) -> None:
    """It is Django that does, with a warning in the log."""
    run = new_run()
    with Client(server.port) as client:
        client.ask(f"/made/restflow-list/gated/{run}")
        assert client.head(within=0.2).status == 0
        for _ in range(2):
            server.get(f"/probe/release/{run}")
        assert client.read().body == b'[{"data": 1},{"data": 2}]'


# Readers


@pytest.mark.seed("R10")
@pytest.mark.seed("R12")
def test_our_reader(server: Server) -> None:
    def address(target: str) -> str:
        return f"http://127.0.0.1:{server.port}{target}"

    products = [{"id": pk, "name": f"product {pk}", "price": price} for pk, price in PRODUCTS]
    assert list(connect(address("/products"))) == products
    assert list(connect(address("/events"))) == [json.loads(line) for line in EXPORTED.splitlines()]
    # Behind the last one it asks again, as an EventSource does: these events say of none that it is the last.
    with connect(address("/progress"), Event) as progress:
        events = list(islice(progress, 13))
    assert [event.event for event in events] == ["start", *["progress"] * 11, "done"]
    assert [event.id for event in events[:3]] == ["", "0", "10"]


# Views of REST framework


@pytest.mark.seed("R24")
@pytest.mark.seed("R25")
@pytest.mark.parametrize("target", ["/stream", "/stream/sync"])
def test_an_event_source_is_answered(server: Server, target: str) -> None:
    for accept in (EVENT_STREAM, "*/*"):
        reply = server.get(target, accept=accept, headers={"authorization": "ada"})
        assert (reply.status, reply.header("content-type")) == (200, EVENT_STREAM)
        assert reply.body == b"data: for ada\n\n"
        refused = server.get(target, accept=accept)
        assert (refused.status, refused.header("content-type")) == (403, "application/json")
        assert json.loads(refused.body) == {"detail": "Authentication credentials were not provided."}


@pytest.mark.seed("R24")
def test_restflows_views(server: Server) -> None:
    """The page's own, on REST framework's `APIView`, is no response; its `AsyncAPIView` knows no events."""
    ada = {"authorization": "ada"}
    assert server.get("/restflow/stream", headers=ada).status == 500
    assert server.get("/restflow/async-stream", headers=ada).status == 200
    assert server.get("/restflow/async-stream", accept=EVENT_STREAM, headers=ada).status == 406
