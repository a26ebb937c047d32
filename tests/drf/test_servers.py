"""What only a socket shows, under ASGI and under WSGI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from tailrace.client.sync import connect
from tests.django.shop.models import Order
from tests.servers.harness import Server, Site, running
from tests.servers.wire import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.django.plugin import Fill

EVENTS = "text/event-stream"
ROOT = Path(__file__).resolve().parents[2]
APPLICATIONS = {"uvicorn": "tests.drf.served:asgi", "gunicorn": "tests.drf.served:wsgi"}


@pytest.fixture(scope="module", params=APPLICATIONS)
def server(request: pytest.FixtureRequest, database: None, tmp_path_factory: Any) -> Iterator[Server]:  # noqa: ARG001 - it has the tables
    site = Site(
        APPLICATIONS[request.param],
        (ROOT,),
        {"SHOP": str(connections.settings["default"]["NAME"])},
    )
    logs = tmp_path_factory.mktemp("drf")
    with running(request.param, middleware=False, app=site, logs=logs) as started:
        yield started


def test_event_source_gets_each_event_as_it_comes_and_may_leave(server: Server) -> None:
    with Client(server.port) as client:
        client.ask("/live", headers={"accept": EVENTS})
        reply = client.read(until=b'data: {"id":1}\n\n')
        assert (reply.status, reply.header("content-type"), reply.ending) == (200, EVENTS, "open")
        client.leave("fin")
    assert server.get("/ended", within=10.0).body == b"yes"
    assert "Traceback" not in server.wrote()


def test_a_failed_stream_is_not_taken_for_a_whole_one(server: Server) -> None:
    reply = server.get("/breaking", accept="application/x-ndjson")
    assert (reply.status, reply.ending) == (200, "cut")
    first, second = reply.body.split(b"\n")
    assert json.loads(first) == {"id": 1}
    with pytest.raises(json.JSONDecodeError):
        json.loads(second)
    assert b"secret" not in reply.body


def test_an_error_before_the_first_item_is_the_views(server: Server) -> None:
    reply = server.get("/failing/http404", accept=EVENTS)
    assert (reply.status, reply.ending, reply.json) == (404, "complete", {"detail": "no such shop"})
    assert server.get("/denied", accept=EVENTS).status == 403


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", EVENTS, "text/csv"])
def test_rows_are_read_by_tailraces_reader(server: Server, shop: Fill, accept: str) -> None:
    shop(5)
    with connect(f"http://127.0.0.1:{server.port}/orders", headers={"accept": accept}) as orders:
        read = [int(order["id"]) for order in orders]
    assert read == [one.pk for one in Order.objects.all()]


def test_async_views_too(server: Server, shop: Fill) -> None:
    shop(2)
    for path in ("/adrf/orders", "/restflow/orders"):
        reply = server.get(path, accept="text/csv")
        assert (reply.status, reply.ending, len(reply.body.splitlines())) == (200, "complete", 3)
