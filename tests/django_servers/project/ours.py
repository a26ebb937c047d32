"""The sources behind tailrace, with whatever a test wants to set."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from apps.record import run_named
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tailrace import Abort, Delivery, Event, EventStream, Problem
from tailrace.django import from_queryset, stream

from .models import Row
from .rows import source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest, HttpResponseBase

TIMES: Final = ("commit_after", "keep_alive", "send_timeout", "max_duration", "cleanup_timeout")


def _delivery(request: HttpRequest) -> Delivery:
    """What the query sets."""
    times = {name: float(request.GET[name]) for name in TIMES if name in request.GET}
    return Delivery(compression=("zstd", "gzip") if "compress" in request.GET else (), **times)


def _streamed(request: HttpRequest, name: str) -> HttpResponseBase:
    run = run_named(request.GET["run"])
    return stream(request, source(name, run), delivery=_delivery(request), on_finish=run.finished)


async def asynchronous(request: HttpRequest, name: str) -> HttpResponseBase:
    return _streamed(request, name)


def synchronous(request: HttpRequest, name: str) -> HttpResponseBase:
    return _streamed(request, name)


def after_a_query(request: HttpRequest, name: str) -> HttpResponseBase:
    """The view has used the database, and then streams something else."""
    Row.objects.count()
    return _streamed(request, name)


async def rows(request: HttpRequest) -> HttpResponseBase:
    return stream(request, from_queryset(Row.objects.order_by("id").values("id", "name")))


def rows_def(request: HttpRequest) -> HttpResponseBase:
    """The query set itself."""
    return stream(request, Row.objects.order_by("id").values("id", "name"))


def abort(request: HttpRequest) -> HttpResponseBase:
    async def one() -> AsyncIterator[Any]:
        if "later" in request.GET:
            yield {"n": 0}
        raise Abort(
            Problem(title="Come back tomorrow", status=409, detail="on purpose", extensions={"day": 2})
        )
        yield

    return stream(request, one())


async def decorated(request: HttpRequest) -> HttpResponseBase:
    run = run_named(request.GET["run"])
    own = {"X-Own": "mine", "Vary": "Cookie", "Cache-Control": "private"}
    answer = stream(request, source("some", run), 203, own)
    answer.headers["x-merged"] = "yes"
    answer.set_cookie("flavour", "oat")
    return answer


VALUES: Final[dict[str, Any]] = {
    "nan": {"v": [float("nan"), float("inf"), -float("inf")]},
    "separators": {"v": "a\u2028b\u2029c\u0085d"},
    "dict": {"data": {"a": 1}, "sep": "kept"},
}


async def value(request: HttpRequest, name: str) -> HttpResponseBase:
    return stream(request, [VALUES[name]])


async def reused_dict(request: HttpRequest) -> HttpResponseBase:
    """A source may reuse its dict, and finds it as it left it."""
    run, item = run_named(request.GET["run"]), {"n": 0}

    async def items() -> AsyncIterator[Any]:
        for n in range(3):
            item["n"] = n
            yield item
            run.notes.append(dict(item))

    return stream(request, items())


async def bad_field(request: HttpRequest, field: str) -> HttpResponseBase:
    fields: dict[str, Any] = {field: request.GET["value"]}
    return stream(request, [Event("x", **fields)], formats=[EventStream()])


def bad_header(request: HttpRequest) -> HttpResponseBase:
    run = run_named(request.GET["run"])
    return stream(request, source("some", run), headers={"x-note": request.GET["text"]})


async def document(request: HttpRequest) -> HttpResponseBase:
    """Holes at every level, and what a user wrote that looks like one."""

    async def late(what: Any, after: float) -> Any:
        await asyncio.sleep(after)
        return what

    async def counted() -> AsyncIterator[int]:
        for n in range(3):
            yield n
            await asyncio.sleep(0.02)

    secret = late("the other field", 0.05)
    tree = {"said": "$2 and $1", "late": late({"deep": [late("deeper", 0.1)]}, 0.05), "hidden": secret}
    return stream(request, {**tree, "count": counted()})


urlpatterns = [
    path("stream/<name>", asynchronous),
    path("plain-def/<name>", csrf_exempt(synchronous)),
    path("after-a-query/<name>", after_a_query),
    path("rows", rows),
    path("rows-def", rows_def),
    path("abort", abort),
    path("decorated", decorated),
    path("value/<name>", value),
    path("reused-dict", reused_dict),
    path("bad-field/<field>", bad_field),
    path("bad-header", bad_header),
    path("document", document),
]
