"""The page's examples, what only a test asks for, and restflow's own under /restflow."""

# ruff: noqa: ARG001 - a view has a request, and a source a run

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponse, JsonResponse
from django.urls import path
from rest_framework import permissions
from rest_framework.views import APIView as RestFrameworkAPIView
from restflow import responses as restflow
from restflow.views import AsyncAPIView

from tailrace.restflow import APIView, NDJSONResponse, SSEResponse, StreamingJSONListResponse
from tests.restflow import views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

MADE: dict[str, int] = {}
CLOSED: set[str] = set()
RELEASED: dict[str, int] = {}


async def gated(run: str) -> AsyncIterator[Any]:
    """Two items, each once it is released."""
    for number in (1, 2):
        while RELEASED.get(run, 0) < number:  # noqa: ASYNC110 - another thread releases it
            await asyncio.sleep(0.002)
        yield {"data": number}


def gated_sync(run: str) -> Iterator[Any]:
    for number in (1, 2):
        while RELEASED.get(run, 0) < number:
            time.sleep(0.002)
        yield {"data": number}


async def failing(run: str) -> AsyncIterator[Any]:
    yield {"data": 1}
    await asyncio.sleep(0)
    raise ValueError("the secret of the disk")


async def unwritable(run: str) -> AsyncIterator[Any]:
    yield {"data": 1}
    yield {"data": object()}


async def bad_field(run: str) -> AsyncIterator[Any]:
    yield {"data": 1}
    yield {"id": "1\n2", "data": 2}


async def flood(run: str) -> AsyncIterator[Any]:
    try:
        for number in itertools.count():
            MADE[run] = number
            yield {"data": "x" * 10_000}
    finally:
        CLOSED.add(run)


KINDS: Final[dict[str, Any]] = {
    "list": StreamingJSONListResponse,
    "lines": NDJSONResponse,
    "events": SSEResponse,
    "restflow-list": restflow.StreamingJSONListResponse,
    "restflow-lines": restflow.NDJSONResponse,
    "restflow-events": restflow.SSEResponse,
}
SOURCES: Final[dict[str, Any]] = {
    "gated": gated,
    "gated-sync": gated_sync,
    "failing": failing,
    "unwritable": unwritable,
    "bad-field": bad_field,
    "flood": flood,
}


async def made(request: HttpRequest, kind: str, source: str, run: str) -> HttpResponseBase:
    answer: HttpResponseBase = KINDS[kind](SOURCES[source](run))
    return answer


def made_sync(request: HttpRequest, kind: str, source: str, run: str) -> HttpResponseBase:
    answer: HttpResponseBase = KINDS[kind](SOURCES[source](run))
    return answer


def release(request: HttpRequest, run: str) -> HttpResponse:
    RELEASED[run] = RELEASED.get(run, 0) + 1
    return HttpResponse(b"released")


def probe(request: HttpRequest, run: str) -> JsonResponse:
    return JsonResponse({"made": MADE.get(run), "closed": run in CLOSED})


def ping(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"pong")


class SyncEventStream(APIView):
    permission_classes = (permissions.IsAuthenticated,)

    def get(self, request: Any) -> SSEResponse:
        return SSEResponse(views.stream_events_for(request.user))


class AsOnThePage(RestFrameworkAPIView):
    """The page's last example, which imports REST framework's own `APIView`."""

    permission_classes = (permissions.IsAuthenticated,)

    async def get(self, request: Any) -> restflow.SSEResponse:
        return restflow.SSEResponse(views.stream_events_for(request.user))


class Restflow(AsyncAPIView):
    permission_classes = (permissions.IsAuthenticated,)

    async def get(self, request: Any) -> restflow.SSEResponse:
        return restflow.SSEResponse(views.stream_events_for(request.user))


urlpatterns: Final = [
    path("products", views.list_products),
    path("names", views.names),
    path("chunked", views.chunked),
    path("events", views.export_events),
    path("export", views.export_view),
    path("heartbeat", views.heartbeat_view),
    path("progress", views.progress_view),
    path("since", views.events_view),
    path("cross-origin", views.cross_origin),
    path("orders", views.orders_view),
    path("encoded", views.encoded_view),
    path("safe", views.safe_view),
    path("all", views.all_orders),
    path("stream", views.EventStream.as_view()),
    path("stream/sync", SyncEventStream.as_view()),
    path("restflow/stream", AsOnThePage.as_view()),
    path("restflow/async-stream", Restflow.as_view()),
    path("made/<kind>/<source>/<run>", made),
    path("made-sync/<kind>/<source>/<run>", made_sync),
    path("probe/release/<run>", release),
    path("probe/ping", ping),
    path("probe/run/<run>", probe),
]
