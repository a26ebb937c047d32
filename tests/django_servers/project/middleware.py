"""A middleware as they were before Django knew async, and one that stands before all the others."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware

from .models import Row
from .probes import state

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class SyncOnly:
    """Uses the database behind the view, as sessions that are kept there do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        response.headers["X-Rows"] = str(Row.objects.count())
        time.sleep(float(request.GET.get("linger", 0)))
        return response


@sync_and_async_middleware
def at_the_door(get_response: Any) -> Any:
    """Answers what a test asks about a run, past the other middleware: it counts what happens meanwhile.

    Takes its time with a response, where a test wants a client that leaves then.
    """
    if not iscoroutinefunction(get_response):

        def passed(request: HttpRequest) -> Any:
            response = get_response(request)
            time.sleep(float(request.GET.get("dawdle", 0)))
            return response

        return passed

    async def answered(request: HttpRequest) -> Any:
        if request.path == "/probe/state":
            return await state(request)
        response = await get_response(request)
        await asyncio.sleep(float(request.GET.get("dawdle", 0)))
        return response

    return answered
