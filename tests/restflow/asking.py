"""A view asked for its answer, synchronous or not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from django.test import AsyncRequestFactory
from rest_framework.test import APIRequestFactory

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from rest_framework.views import APIView

EVENT_STREAM: Final = "text/event-stream"


def get(view: type[APIView], accept: str = "*/*", method: str = "get") -> HttpResponseBase:
    """The answer of a view, synchronous or not, as Django asks for it."""
    if not view.view_is_async:
        request = APIRequestFactory().generic(method.upper(), "/", headers={"accept": accept})
        return rendered(view.as_view()(request))
    request = AsyncRequestFactory().generic(method.upper(), "/", headers={"accept": accept})

    async def ask() -> HttpResponseBase:
        return await view.as_view()(request)  # type: ignore[misc] - the stubs know of no asynchronous view

    return rendered(asyncio.run(ask()))


def rendered(response: HttpResponseBase) -> HttpResponseBase:
    render = getattr(response, "render", None)
    return response if render is None else render()


def text_of(response: Any) -> str:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in response])

    return asyncio.run(read()).decode()
