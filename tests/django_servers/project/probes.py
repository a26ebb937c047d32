"""The endpoints through which a test looks into the process: those of `apps.record`, and the connections."""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from apps.record import run_named
from django.http import HttpResponse, JsonResponse
from django.urls import path

if TYPE_CHECKING:
    from django.http import HttpRequest


async def ping(_: HttpRequest) -> HttpResponse:
    return HttpResponse(b"pong", content_type="text/plain")


async def state(request: HttpRequest) -> JsonResponse:
    return JsonResponse(asdict(run_named(request.GET["run"])))


async def threads(_: HttpRequest) -> JsonResponse:
    return JsonResponse([thread.name for thread in threading.enumerate()], safe=False)


async def collect(_: HttpRequest) -> JsonResponse:
    return JsonResponse(gc.collect(), safe=False)


def connections(_: HttpRequest) -> JsonResponse:
    """How many descriptors of the SQLite file this process has open: one for each connection."""
    place = os.environ["SQLITE_FILE"]
    return JsonResponse(sum(_is(entry, place) for entry in Path("/proc/self/fd").iterdir()), safe=False)


def _is(entry: Path, place: str) -> bool:
    try:
        return str(entry.readlink()) == place
    except OSError:  # the descriptor of this very listing
        return False


urlpatterns = [
    path("probe/ping", ping),
    path("probe/state", state),
    path("probe/threads", threads),
    path("probe/collect", collect),
    path("probe/connections", connections),
]
