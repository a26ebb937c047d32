from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rest_framework import renderers

from tests.django.shop.models import Order

if TYPE_CHECKING:
    from tests.django.plugin import Fill
    from tests.drf.conftest import Ask

EVENTS = "text/event-stream"
TYPES = {
    "application/json": "application/json",
    "application/x-ndjson": "application/x-ndjson",
    "application/jsonl": "application/jsonl",
    "application/ndjson": "application/ndjson",
    "application/json-seq": "application/json-seq",
    EVENTS: EVENTS,
    "text/csv": "text/csv; charset=utf-8; header=present",
    "application/x-progressive-json": "application/x-progressive-json",
    "application/x-progressive-json;v=2": "application/x-progressive-json;v=2",
    "*/*": "application/json",
    "application/*": "application/json",
    "text/*": EVENTS,
}


def rows() -> list[dict[str, Any]]:
    """The orders as their serializer has them."""
    return [{"id": one.pk, "product": one.product_id, "total": str(one.total)} for one in Order.objects.all()]


def records(accept: str, body: bytes) -> list[Any]:
    if accept == EVENTS:
        return [json.loads(line[6:]) for line in body.decode().split("\n") if line.startswith("data: {")][:-1]
    if accept == "text/csv":
        found = csv.DictReader(io.StringIO(body.decode()))
        return [{**row, "id": int(row["id"]), "product": int(row["product"])} for row in found]
    if accept == "application/json":
        value: list[Any] = json.loads(body)
        return value
    return [json.loads(line) for line in body.replace(b"\x1e", b"").splitlines()]


@pytest.mark.parametrize("accept", TYPES)
def test_the_frameworks_negotiation_chooses_the_format(ask: Ask, shop: Fill, accept: str) -> None:
    shop(4)
    reply = ask("/orders", accept)
    assert (reply.status, reply.headers["Content-Type"]) == (200, TYPES[accept])
    assert reply.headers["Vary"] == "Accept"
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"
    if accept in {"application/json", "application/x-ndjson", "application/json-seq", EVENTS, "text/csv"}:
        assert records(accept, reply.body) == rows()


def test_event_source_is_answered_and_is_not_without(ask: Ask, shop: Fill) -> None:
    shop(1)
    assert ask("/orders", EVENTS).status == 200
    assert ask("/stock", EVENTS).status == 406


def test_event_source_that_has_seen_the_end_is_told_to_stop(ask: Ask, shop: Fill) -> None:
    shop(1)
    assert ask("/orders", EVENTS, last_event_id="~end").status == 204
    assert ask("/plain?kind=list", EVENTS, last_event_id="~end").status == 204


@pytest.mark.parametrize("name", ["json", "ndjson", "jsonl", "sse", "csv", "json-seq", "progressive"])
def test_the_query_names_a_format(ask: Ask, shop: Fill, name: str) -> None:
    shop(1)
    kinds = {"sse": EVENTS, "csv": TYPES["text/csv"], "progressive": "application/x-progressive-json"}
    reply = ask(f"/orders?format={name}")
    expected = kinds.get(name, {"ndjson": "application/x-ndjson"}.get(name, f"application/{name}"))
    assert reply.headers["Content-Type"] == expected


def test_what_is_not_on_offer_is_the_frameworks_to_refuse(ask: Ask) -> None:
    reply = ask("/orders", "application/xml")
    assert (reply.status, reply.headers["Content-Type"]) == (406, "application/json")
    assert "Accept" in json.loads(reply.body)["detail"]
    assert ask("/orders?format=xml").status == 404


def test_a_head_request_is_answered_without_a_row(ask: Ask) -> None:
    reply = ask("/orders", "text/csv", "HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Type"] == TYPES["text/csv"]


def test_a_response_may_have_formats_of_its_own(ask: Ask, shop: Fill) -> None:
    shop(2)
    reply = ask("/export", "text/csv")
    first, second = Order.objects.all()
    assert reply.text == f'"total";"id"\r\n{first.total};{first.pk}\r\n{second.total};{second.pk}\r\n'
    assert reply.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert ask("/export", "application/json").headers["Content-Type"] == "application/json"


def test_formats_of_a_response_that_have_one_name_go_by_their_types(ask: Ask) -> None:
    first, second = "application/x-progressive-json", "application/x-progressive-json;v=2"
    assert ask("/versions", first).headers["Content-Type"] == first
    assert ask("/versions", second).headers["Content-Type"] == second
    assert ask("/versions", "application/ndjson").headers["Content-Type"] == "application/ndjson;end=1"


def test_versions_and_suffixes_go_on_working(ask: Ask, shop: Fill) -> None:
    shop(1)
    reply = ask("/versioned", "application/x-ndjson; version=v2")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/x-ndjson")
    assert ask("/versioned", "application/x-ndjson; version=v3").status == 406
    assert ask("/suffixed.csv").headers["Content-Type"] == TYPES["text/csv"]
    assert ask("/suffixed.doc").status == 404


def test_a_list_view_may_have_options(ask: Ask, shop: Fill) -> None:
    shop(1)
    reply = ask("/named", "text/csv")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'


def test_headers_and_status_are_the_responses(ask: Ask) -> None:
    reply = ask("/numbers", "application/x-ndjson")
    assert reply.headers["X-Shop"] == "tea"
    assert reply.text == '{"n":0}\n{"n":1}\n{"n":2}\n'


def test_events_keep_their_ids_and_their_data_is_serialized(ask: Ask, shop: Fill) -> None:
    shop(1)
    order = Order.objects.get()
    reply = ask("/ids", EVENTS)
    assert f'id: {order.pk}\ndata: {{"id":{order.pk},"product":{order.product_id}' in reply.text
    assert json.loads(ask("/ids").body) == rows()


def test_a_document_goes_out_in_the_formats_that_have_documents(ask: Ask) -> None:
    assert json.loads(ask("/document").body) == {"now": 1, "later": 2}
    assert ask("/document", "application/x-progressive-json;v=2").text.startswith(
        '{"v":2,"id":0,"set":{"now":1'
    )
    assert ask("/document", EVENTS).headers["Content-Type"] == EVENTS
    assert ask("/document", "text/csv").status == 406


def test_rest_frameworks_own_json_renderer_streams_in_its_encoding(ask: Ask, shop: Fill) -> None:
    shop(2)
    reply = ask("/their-json")
    assert (reply.status, reply.headers["Incremental"]) == (200, "?1")
    assert reply.body == renderers.JSONRenderer().render([*Order.objects.values("id", "total")])
    assert ask("/their-json", EVENTS).status == 406


def test_items_that_a_format_cannot_write_are_not_acceptable_in_it(ask: Ask) -> None:
    reply = ask("/scalars", "text/csv")
    assert reply.status == 406
    assert "application/x-ndjson" in json.loads(reply.body)["available"]
    assert ask("/scalars", "application/x-ndjson").text == "0\n1\n"
