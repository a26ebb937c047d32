"""The same sources as Django's StreamingHttpResponse, restflow and DRF stream them, by themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, Final

from apps.record import run_named
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView
from restflow.responses import NDJSONResponse, SSEResponse, StreamingJSONListResponse
from restflow.views import AsyncAPIView

from .models import Row
from .rows import source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from django.http import HttpRequest


def _line(item: Any) -> str:
    return json.dumps(item, separators=(",", ":")) + "\n"


async def _lines(items: AsyncIterable[Any]) -> AsyncIterator[str]:
    async for item in items:
        yield _line(item)


def _lines_sync(items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        yield _line(item)


def _streamed(request: HttpRequest, name: str) -> StreamingHttpResponse:
    items = source(name, run_named(request.GET["run"]))
    lines = _lines(items) if isinstance(items, AsyncIterable) else _lines_sync(items)
    return StreamingHttpResponse(lines, content_type="application/x-ndjson")


async def django(request: HttpRequest, name: str) -> StreamingHttpResponse:
    return _streamed(request, name)


def django_def(request: HttpRequest, name: str) -> StreamingHttpResponse:
    return _streamed(request, name)


def after_a_query(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """The view has used the database, and then streams something else."""
    Row.objects.count()
    return _streamed(request, name)


async def in_a_thread(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """A sync source under ASGI as one finds it, each step in some thread."""
    items = iter(source(name, run_named(request.GET["run"])))

    async def lines() -> AsyncIterator[str]:
        while (item := await asyncio.to_thread(next, items, None)) is not None:
            yield _line(item)

    return StreamingHttpResponse(lines(), content_type="application/x-ndjson")


RESTFLOW: Final[dict[str, Callable[[Any], StreamingHttpResponse]]] = {
    "ndjson": NDJSONResponse,
    "list": StreamingJSONListResponse,
    "sse": lambda items: SSEResponse({"data": item} async for item in items),
}


async def restflow(request: HttpRequest, kind: str, name: str) -> HttpResponse | StreamingHttpResponse:
    return RESTFLOW[kind](source(name, run_named(request.GET["run"])))


async def _one(item: Any) -> AsyncIterator[Any]:
    yield item


async def restflow_nan(_: HttpRequest) -> StreamingHttpResponse:
    return NDJSONResponse(_one({"v": float("nan")}))


async def restflow_bad_field(request: HttpRequest, field: str) -> StreamingHttpResponse:
    return SSEResponse(_one({"data": "x", field: request.GET["value"]}))


async def django_dict(_: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_one({"a": 1}), content_type="application/x-ndjson")


class Plain(APIView):
    """A list, as DRF's tutorial has it."""

    def get(self, _: Any) -> Response:
        return Response([{"n": 0}])


class Events(AsyncAPIView):
    """Events in restflow's async view."""

    async def get(self, request: Any) -> Any:
        return SSEResponse(source("some", run_named(request.GET["run"])))


urlpatterns = [
    path("django/<name>", django),
    path("django-def/<name>", django_def),
    path("django-after-a-query/<name>", after_a_query),
    path("django-in-a-thread/<name>", in_a_thread),
    path("django-dict", django_dict),
    path("restflow/<kind>/<name>", restflow),
    path("restflow-nan", restflow_nan),
    path("restflow-bad-field/<field>", restflow_bad_field),
    path("drf", Plain.as_view()),
    path("restflow-view", Events.as_view()),
]
