"""A view that answers what a test says, asked by Django's test clients under WSGI and ASGI."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from tailrace.django import stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

Make = Any

made: dict[str, Any] = {}
"""What the next request is answered with, and how."""


def view(request: HttpRequest) -> HttpResponseBase:
    return answer(request)


async def view_async(request: HttpRequest) -> HttpResponseBase:
    return answer(request)


def answer(request: HttpRequest) -> HttpResponseBase:
    response = stream(request, made["content"](), **made.get("options", {}))
    for name, value in made.get("headers", {}).items():
        response[name] = value
    return response


urlpatterns = [
    path("sync", view),
    path("async", view_async),
    path("gzip", gzip_page(view)),
    path("cached", cache_control(max_age=5)(vary_on_headers("Cookie")(require_GET(view)))),
]


class Answer:
    """A response, read whole."""

    def __init__(self, response: Any, body: bytes) -> None:
        self.status: int = response.status_code
        self.headers: dict[str, str] = {name.lower(): value for name, value in response.items()}
        self.body = body
        self.response = response

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def get(kind: str, target: str, content: Make, method: str = "get", **how: Any) -> Answer:
    """By the sync client (Django's WSGI handler) or the async one (ASGI)."""
    raising, headers = how.pop("raising", True), how.pop("headers", {})
    made.update(content=content, options=how, headers=how.pop("added", {}))
    if kind == "wsgi":
        response = getattr(Client(raise_request_exception=raising), method)(target, headers=headers)
        return Answer(response, response.getvalue())

    async def ask() -> Answer:
        client = AsyncClient(raise_request_exception=raising)
        response = await getattr(client, method)(target, headers=headers)
        if not response.streaming:
            return Answer(response, response.content)
        if method == "head":  # the client takes the body away, and leaves a sync one
            return Answer(response, b"")
        return Answer(response, b"".join([part async for part in response]))

    return async_to_sync(ask)()  # as a TestCase runs its async tests


BOTH = pytest.mark.parametrize("kind", ["wsgi", "asgi"])
VIEWS = pytest.mark.parametrize("target", ["/sync", "/async"])


def sync_rows() -> Iterator[dict[str, int]]:
    yield {"id": 1}
    yield {"id": 2}


async def async_rows() -> AsyncIterator[dict[str, int]]:
    yield {"id": 1}
    await asyncio.sleep(0)
    yield {"id": 2}


def raising(error: Exception) -> Make:
    def items() -> Iterator[int]:
        raise error
        yield

    async def items_async() -> AsyncIterator[int]:
        raise error
        yield

    return {"sync": items, "async": items_async}
