"""What only a socket shows."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponse
from django.urls import path
from rest_framework.decorators import api_view, renderer_classes

from tailrace import Delivery, Outcome
from tailrace.drf import RENDERERS, stream
from tests.drf import urls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ENDED: Final = threading.Event()
HURRIED: Final = Delivery(keep_alive=0.05)


def _ended(outcome: Outcome) -> None:
    if outcome.reason == "disconnected":
        ENDED.set()


@api_view(["GET"])
@renderer_classes(RENDERERS)
def live(request: Any) -> Any:
    """One order, and nothing more as long as somebody listens."""

    async def orders() -> AsyncIterator[dict[str, int]]:
        yield {"id": 1}
        await asyncio.Event().wait()

    return stream(request, orders(), delivery=HURRIED, on_finish=_ended)


@api_view(["GET"])
@renderer_classes(RENDERERS)
def breaking(request: Any) -> Any:
    def orders() -> Iterator[dict[str, int]]:
        yield {"id": 1}
        raise KeyError("secret")

    return stream(request, orders())


def ping(_: Any) -> HttpResponse:
    return HttpResponse()


def ended(_: Any) -> HttpResponse:
    """Whether the source of `live` was closed, waiting for it for a while."""
    return HttpResponse("yes" if ENDED.wait(5) else "no")


urlpatterns = [
    path("probe/ping", ping),
    path("ended", ended),
    path("live", live),
    path("breaking", breaking),
    *urls.urlpatterns,
]
