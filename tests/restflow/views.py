"""The examples of restflow's page on streaming responses, as it has them.

Only the import is ours, and `aiterator`: with the page's `iterator`, `async for` is a TypeError of Django's.
"""

# ruff: noqa: ARG001 - a view has a request

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.views.decorators.http import require_GET
from rest_framework.permissions import IsAuthenticated

from tailrace.restflow import APIView, NDJSONResponse, SSEResponse, StreamingJSONListResponse
from tests.django.shop.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest

    Events = AsyncIterator[dict[str, Any]]

TICK = 0.05
"""Seconds between two heartbeats; on the page it is one."""


@dataclass
class Entry:
    ts: str
    actor: str
    action: str


async def audit_log_iterator() -> AsyncIterator[Entry]:
    yield Entry("2026-01-01T00:00:00Z", "a", "login")
    yield Entry("2026-01-01T00:00:01Z", "b", "logout")


@dataclass
class Posted:
    id: int
    payload: str


async def events_after(since_id: str) -> AsyncIterator[Posted]:
    for number in range(int(since_id) + 1, 4):
        yield Posted(number, f"payload {number}")


async def stream_products() -> Events:
    async for product in Product.objects.all().aiterator():
        yield {"id": product.pk, "name": product.name, "price": product.price}


async def list_products(request: HttpRequest) -> StreamingJSONListResponse:
    return StreamingJSONListResponse(stream_products())


async def plain_queryset() -> Events:
    async for product in Product.objects.all():
        yield {"id": product.pk, "name": product.name}


async def names(request: HttpRequest) -> StreamingJSONListResponse:
    return StreamingJSONListResponse(plain_queryset())


async def chunked_queryset() -> Events:
    qs = Product.objects.all().aiterator(chunk_size=500)
    async for product in qs:
        yield {"id": product.pk, "name": product.name}


async def chunked(request: HttpRequest) -> StreamingJSONListResponse:
    return StreamingJSONListResponse(chunked_queryset(), content_type="application/vnd.api+json")


async def stream_events() -> Events:
    async for event in audit_log_iterator():
        yield {"ts": event.ts, "actor": event.actor, "action": event.action}


async def export_events(request: HttpRequest) -> NDJSONResponse:
    return NDJSONResponse(stream_events())


@require_GET
async def export_view(request: HttpRequest) -> NDJSONResponse:
    return NDJSONResponse(stream_events())


async def heartbeat() -> AsyncIterator[str]:
    while True:
        yield "tick"
        await asyncio.sleep(TICK)


async def heartbeat_view(request: HttpRequest) -> SSEResponse:
    return SSEResponse(heartbeat())


async def progress() -> Events:
    yield {"event": "start", "data": "job-42"}
    for pct in range(0, 101, 10):
        yield {"event": "progress", "id": str(pct), "data": {"pct": pct}}
    yield {"event": "done", "data": "job-42"}


async def progress_view(request: HttpRequest) -> SSEResponse:
    return SSEResponse(progress())


async def event_stream(request: HttpRequest, since_id: str) -> Events:
    async for ev in events_after(since_id):
        yield {"id": str(ev.id), "data": ev.payload}


async def events_view(request: HttpRequest) -> SSEResponse:
    since_id = request.headers.get("Last-Event-ID", "0")
    return SSEResponse(event_stream(request, since_id))


async def cross_origin(request: HttpRequest) -> SSEResponse:
    response = SSEResponse(progress())
    response["Access-Control-Allow-Origin"] = "https://app.example.com"
    response["Access-Control-Allow-Credentials"] = "true"
    return response


class FloatDecimalEncoder(DjangoJSONEncoder):
    def default(self, obj: Any) -> Any:
        if isinstance(obj, Decimal):
            return float(obj)
        return super().default(obj)


async def stream_orders() -> Events:
    async for order in Order.objects.all().aiterator():
        yield {"id": order.pk, "total": order.total}


async def orders_view(request: HttpRequest) -> StreamingJSONListResponse:
    return StreamingJSONListResponse(
        stream_orders(),
        encoder=FloatDecimalEncoder,
    )


def _encode(value: Any) -> str:
    return json.dumps(value, cls=FloatDecimalEncoder)


async def encoded() -> Events:
    yield {"event": "order", "data": _encode({"total": Decimal("9.99")})}


async def encoded_view(request: HttpRequest) -> SSEResponse:
    return SSEResponse(encoded())


async def real_events() -> Events:
    yield {"event": "progress", "data": "1"}
    raise ValueError("the disk is full")


async def safe_events() -> Events:
    try:
        async for ev in real_events():
            yield ev
    except Exception as exc:  # noqa: BLE001 - so it is on the page
        yield {"event": "error", "data": str(exc)}


async def safe_view(request: HttpRequest) -> SSEResponse:
    return SSEResponse(safe_events())


async def stream_all() -> Events:
    async for row in Order.objects.all().aiterator(chunk_size=1000):
        yield {"id": row.pk, "total": row.total}


async def all_orders(request: HttpRequest) -> NDJSONResponse:
    return NDJSONResponse(stream_all())


async def stream_events_for(user: Any) -> Events:
    yield {"data": f"for {user.get_username()}"}


class EventStream(APIView):
    permission_classes = [IsAuthenticated]  # noqa: RUF012 - so it is on the page

    async def get(self, request: Any) -> SSEResponse:
        return SSEResponse(stream_events_for(request.user))
