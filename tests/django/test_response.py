"""`stream` in Django's own handlers, by Django's test clients."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import connections, transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.test.client import AsyncRequestFactory
from django.urls import path
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from tailrace import NDJSON, Abort, Delivery, Outcome, Problem, defer
from tailrace.django import from_queryset, stream
from tailrace.wsgi import Stream

from .shop.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

WITHIN = 5.0
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


@pytest.fixture(autouse=True)
def urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield
    made.clear()


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


@BOTH
@VIEWS
@pytest.mark.parametrize("source", [sync_rows, async_rows])
def test_each_kind_of_view_takes_each_kind_of_source(kind: str, target: str, source: Make) -> None:
    got = get(kind, target, source)
    assert (got.status, got.json) == (200, [{"id": 1}, {"id": 2}])
    assert got.headers["content-type"] == "application/json"
    assert got.headers["vary"] == "Accept"
    assert got.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in got.headers


@BOTH
def test_the_format_is_the_one_asked_for(kind: str) -> None:
    got = get(kind, "/sync", sync_rows, headers={"accept": "text/event-stream"})
    assert got.headers["content-type"] == "text/event-stream"
    assert got.body.startswith(b':\n\ndata: {"id":1}\n\n')
    got = get(kind, "/sync", sync_rows, headers={"accept": "image/png"})
    assert (got.status, got.headers["content-type"]) == (406, "application/problem+json")
    assert "application/x-ndjson" in got.json["available"]


def raising(error: Exception) -> Make:
    def items() -> Iterator[int]:
        raise error
        yield

    async def items_async() -> AsyncIterator[int]:
        raise error
        yield

    return {"sync": items, "async": items_async}


@BOTH
@VIEWS
@pytest.mark.parametrize("source", ["sync", "async"])
@pytest.mark.parametrize(("error", "status"), [(Http404("x"), 404), (PermissionDenied("x"), 403)])
def test_djangos_own_errors_before_the_first_item_are_djangos(
    kind: str, target: str, source: str, error: Exception, status: int
) -> None:
    got = get(kind, target, raising(error)[source])
    assert (got.status, got.headers["content-type"]) == (status, "text/html; charset=utf-8")


@BOTH
def test_an_abort_is_its_problem_and_all_else_a_masked_one(kind: str) -> None:
    got = get(kind, "/sync", raising(Abort(Problem(title="Gone", status=410)))["sync"])
    assert (got.status, got.json) == (410, {"title": "Gone", "status": 410})
    got = get(kind, "/sync", raising(ValueError("secret"))["sync"], raising=False)
    assert (got.status, got.headers["content-type"]) == (500, "application/problem+json")
    assert got.json.keys() == {"title", "status", "ref"}


@BOTH
def test_who_watches_for_errors_is_told(kind: str) -> None:
    """Django's test client is one of them: it raises what it was told of."""
    told: list[Any] = []

    def tell(**said: Any) -> None:
        told.append(said["request"])

    got_request_exception.connect(tell)
    try:
        with pytest.raises(ValueError, match="secret"):
            get(kind, "/sync", raising(ValueError("secret"))["sync"])
    finally:
        got_request_exception.disconnect(tell)
    assert [request.path for request in told] == ["/sync"]


@BOTH
def test_what_a_view_adds_stays_on_the_error(kind: str) -> None:
    added = {"Access-Control-Allow-Origin": "*"}
    got = get(kind, "/sync", raising(Abort(Problem(title="Gone", status=410)))["sync"], added=added)
    assert got.headers["access-control-allow-origin"] == "*"
    assert "x-accel-buffering" not in got.headers


@BOTH
def test_head_starts_no_source(kind: str) -> None:
    ends: list[Outcome] = []
    got = get(kind, "/sync", sync_rows, "head", on_finish=ends.append)
    assert (got.status, got.body) == (200, b"")
    assert got.headers["content-type"] == "application/json"
    assert [end.reason for end in ends] == ["head"]


@BOTH
def test_a_finished_document_says_how_long_it_is(kind: str) -> None:
    async def user() -> str:
        await asyncio.sleep(0)
        return "a"

    got = get(kind, "/async", lambda: {"user": user()})
    assert (got.body, got.headers["content-length"]) == (b'{"user":"a"}', "12")


@BOTH
def test_gzip_keeps_out(kind: str) -> None:
    got = get(kind, "/gzip", sync_rows, headers={"accept-encoding": "gzip"})
    assert got.json == [{"id": 1}, {"id": 2}]
    assert "content-encoding" not in got.headers


@BOTH
def test_compression_is_ours(kind: str) -> None:
    delivery = Delivery(compression=("gzip",))
    got = get(kind, "/gzip", sync_rows, headers={"accept-encoding": "gzip"}, delivery=delivery)
    assert got.headers["content-encoding"] == "gzip"
    assert got.headers["vary"] == "Accept, Accept-Encoding"


@BOTH
def test_decorators_find_a_response_of_djangos(kind: str) -> None:
    got = get(kind, "/cached", sync_rows)
    assert got.headers["vary"] == "Accept, Cookie"
    assert got.headers["cache-control"] == "no-store, max-age=5"
    assert get(kind, "/cached", sync_rows, "post").status == 405


class Wrapping:
    """A middleware that does what Django's documentation says of streaming responses."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response
        if asyncio.iscoroutinefunction(get_response):
            self._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]

    def __call__(self, request: HttpRequest) -> Any:
        if asyncio.iscoroutinefunction(self._get_response):
            return self._later(request)
        return self._wrapped(self._get_response(request))

    async def _later(self, request: HttpRequest) -> Any:
        return self._wrapped(await self._get_response(request))

    def _wrapped(self, response: Any) -> Any:
        content = response.streaming_content
        if response.is_async:

            async def upper_async() -> AsyncIterator[bytes]:
                async for part in content:
                    yield part.upper()

            response.streaming_content = upper_async()
        else:
            response.streaming_content = (part.upper() for part in content)
        return response


@BOTH
@override_settings(MIDDLEWARE=[f"{__name__}.Wrapping"])
def test_a_middleware_may_wrap_the_body(kind: str) -> None:
    ends: list[Outcome] = []
    got = get(kind, "/async", lambda: iter(["a", "b"]), on_finish=ends.append)
    assert got.json == ["A", "B"]
    got.response.close()
    assert [end.reason for end in ends] == ["complete"]


@override_settings(MIDDLEWARE=[f"{__name__}.Wrapping"])
def test_a_type_error_of_the_source_is_none_of_the_iterators(recwarn: pytest.WarningsRecorder) -> None:
    """Django takes it for a sync iterator's, warns of that, and raises another."""

    async def items() -> AsyncIterator[int]:
        yield 1
        raise TypeError("of the source")

    ends: list[Outcome] = []
    with pytest.raises(asyncio.CancelledError):
        get("asgi", "/async", items, formats=[NDJSON()], on_finish=ends.append)
    assert [str(end.error) for end in ends] == ["of the source"]
    assert not recwarn.list


@BOTH
def test_each_item_is_one_of_the_type(kind: str) -> None:
    got = get(kind, "/sync", lambda: [{"id": "x"}], raising=False, type=dict[str, int])
    assert got.status == 500
    assert get(kind, "/sync", lambda: [{"id": 1}], type=dict[str, int]).json == [{"id": 1}]


def test_lazy_text_is_text() -> None:
    assert get("wsgi", "/sync", lambda: [{"name": gettext_lazy("Monday")}]).json == [{"name": "Monday"}]


@BOTH
@VIEWS
def test_a_queryset_is_read_as_rows(kind: str, target: str, shop: Callable[[int], None]) -> None:
    shop(3)
    got = get(kind, target, lambda: Order.objects.order_by("id").values("id", "total"))
    assert got.json == [{"id": 1, "total": "0.25"}, {"id": 2, "total": "0.50"}, {"id": 3, "total": "0.75"}]


@BOTH
def test_rows_are_a_list_that_grows_in_a_document(kind: str, shop: Callable[[int], None]) -> None:
    shop(2)
    rows = from_queryset(Order.objects.order_by("id").values_list("id", flat=True))
    assert get(kind, "/async", lambda: {"orders": rows}).json == {"orders": [1, 2]}


@BOTH
def test_a_thread_of_ours_keeps_no_connection(kind: str, shop: Callable[[int], None]) -> None:
    shop(1)
    opened: list[Any] = []

    def count() -> int:
        counted = Order.objects.count()
        opened.extend(connections.all(initialized_only=True))
        return counted

    def rows() -> Iterator[int]:
        yield count()

    assert get(kind, "/sync", rows).json == [1]
    assert get(kind, "/sync", lambda: {"count": defer(count)}).json == {"count": 1}
    assert [connection.connection for connection in opened] == [None, None]


async def by_the_orm() -> AsyncIterator[int]:
    async for order in Order.objects.order_by("id"):
        yield order.pk


def by_the_orm_sync() -> Iterator[int]:
    for order in Order.objects.order_by("id"):
        yield order.pk


@BOTH
@VIEWS
@pytest.mark.parametrize(
    "source", [by_the_orm, by_the_orm_sync, lambda: Order.objects.order_by("id").values_list("id", flat=True)]
)
def test_a_test_in_a_transaction_sees_what_it_has_written(
    kind: str, target: str, source: Make, shop: Callable[[int], None]
) -> None:
    """As in Django's TestCase, whose clients iterate over the response in the test's thread."""
    shop(1)
    with transaction.atomic():
        Order.objects.create(product=Product.objects.get(pk=1), total=1, created=Order.objects.get().created)
        got = get(kind, target, source)
        transaction.set_rollback(True)
    assert len(got.json) == 2


@pytest.mark.parametrize("source", [sync_rows, async_rows])
def test_in_a_transaction_errors_and_ends_are_the_same(source: Make) -> None:
    ends: list[Outcome] = []
    with transaction.atomic():
        Order.objects.count()
        assert get("wsgi", "/sync", source, on_finish=ends.append).json == [{"id": 1}, {"id": 2}]
        assert get("wsgi", "/sync", raising(Http404("x"))["sync"]).status == 404
        assert get("wsgi", "/sync", source, "head").body == b""
    assert [end.reason for end in ends] == ["complete"]


def test_what_was_never_asked_for_is_closed() -> None:
    """A view that is called by hand, and whose response nobody reads."""
    ends: list[Outcome] = []

    async def never() -> None:
        """Would be warned of if it was left alone."""

    for factory in (RequestFactory(), AsyncRequestFactory()):
        stream(factory.get("/"), {"a": never()}, on_finish=ends.append).close()
    assert [end.reason for end in ends] == ["not_started", "not_started"]


def test_a_view_that_is_called_by_hand_can_be_iterated_over() -> None:
    assert b"".join(stream(RequestFactory().get("/"), sync_rows())) == b'[{"id":1},{"id":2}]'

    async def read() -> bytes:
        return b"".join([part async for part in stream(AsyncRequestFactory().get("/"), async_rows())])

    assert asyncio.run(read()) == b'[{"id":1},{"id":2}]'


def endless(closed: list[str]) -> AsyncIterator[int]:
    async def items() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.001)
        finally:
            await asyncio.sleep(0.001)
            closed.append(threading.current_thread().name)

    return items()


def test_a_server_that_leaves_closes_the_source_by_aclose_and_by_close() -> None:
    closed: list[str] = []

    async def leave() -> None:
        response = await stream(AsyncRequestFactory().get("/"), endless(closed)).render()
        async with aclosing(aiter(response)) as parts:
            await anext(parts)
        assert closed == ["MainThread"]
        response = await stream(AsyncRequestFactory().get("/"), endless(closed)).render()
        await anext(aiter(response))
        await sync_to_async(response.close)()
        assert closed == ["MainThread", "MainThread"]

    asyncio.run(leave())


def test_a_response_that_was_dropped_is_closed() -> None:
    closed: list[str] = []
    response: Any = stream(RequestFactory().get("/"), endless(closed)).render()
    del response
    gc.collect()
    deadline = time.monotonic() + WITHIN
    while not closed:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert closed == ["tailrace-loop"]

    async def drop() -> None:
        closed.clear()
        response: Any = await stream(AsyncRequestFactory().get("/"), endless(closed)).render()
        del response
        gc.collect()
        async with asyncio.timeout(WITHIN):
            while not closed:
                await asyncio.sleep(0.001)

    asyncio.run(drop())


def test_a_task_that_is_cancelled_while_it_waits_closes_the_source() -> None:
    closed: list[str] = []

    async def silent() -> AsyncIterator[int]:
        try:
            await asyncio.sleep(WITHIN)
            yield 1
        finally:
            await asyncio.sleep(0.001)
            closed.append("closed")

    async def cancel() -> None:
        waiting = asyncio.create_task(stream(AsyncRequestFactory().get("/"), silent()).render())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert closed == ["closed"]

    asyncio.run(cancel())


def test_a_server_that_holds_a_run_for_too_long_is_left() -> None:
    closed: list[str] = []
    ends: list[Outcome] = []

    async def hold() -> None:
        delivery = Delivery(send_timeout=0.02)
        content = endless(closed)
        response = stream(AsyncRequestFactory().get("/"), content, delivery=delivery, on_finish=ends.append)
        async with aclosing(aiter(await response.render())) as parts:
            await anext(parts)
            await asyncio.sleep(WITHIN)  # the server's `send`

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(hold())
    assert (closed, [end.reason for end in ends]) == (["MainThread"], ["send_timeout"])


def test_it_is_one_of_djangos_responses() -> None:
    response = stream(RequestFactory().get("/"), sync_rows(), 201, {"X-Rows": "2"}, filename="rows.json")
    assert isinstance(response, StreamingHttpResponse)
    assert (response.status_code, response["X-Rows"]) == (201, "2")
    assert response["Content-Disposition"] == 'attachment; filename="rows.json"'
    response.set_cookie("a", "b")
    assert response.reason_phrase == "Created"
    response.close()


def test_the_callbacks_of_a_template_response_are_called() -> None:
    def replace(response: Any) -> HttpResponse:
        return HttpResponse(status=response.status_code + 1)

    response = stream(RequestFactory().get("/"), sync_rows())
    response.add_post_render_callback(replace)
    assert response.render().status_code == 201
    response.close()


def test_a_bare_wsgi_stream_and_djangos_write_the_same() -> None:
    bare = Stream(sync_rows())({"REQUEST_METHOD": "GET"}, lambda *_: None)
    assert b"".join(bare) == get("wsgi", "/sync", sync_rows).body
