"""What is hard in Django: one thread for a request's sync code, signals, transactions of others, its own text."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.signals import got_request_exception
from django.db import connections, transaction
from django.test import RequestFactory, override_settings
from django.test.client import AsyncRequestFactory
from django.utils.safestring import mark_safe

from tailrace import Delivery, Outcome, defer
from tailrace.django import stream

from .exchange import BOTH, async_rows, get, made, raising, sync_rows
from .shop.models import Order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from django.http import HttpRequest

pytestmark = pytest.mark.usefixtures("exchange")

WITHIN = 5.0


async def counted() -> AsyncIterator[int]:
    yield await Order.objects.acount()


class SyncOnly:
    """A middleware as most are: it waits in the request's only thread until the view has answered."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        response = self._get_response(request)
        response["X-Sync"] = "1"
        return response


@override_settings(MIDDLEWARE=[f"{__name__}.SyncOnly"])
@pytest.mark.parametrize("target", ["/sync", "/async"])
@pytest.mark.usefixtures("database")
def test_a_source_has_its_sync_code_run_behind_a_sync_middleware(target: str) -> None:
    """As a server does it: with a thread for the request. It hung, and an early 404 came too late."""
    from django.core.handlers.asgi import ASGIHandler  # noqa: PLC0415 - reads the settings

    async def ask(content: Any) -> list[Any]:
        made.update(content=content, options={"delivery": Delivery(commit_after=60)}, headers={})
        sent: list[Any] = []
        left = asyncio.Event()
        messages = iter([{"type": "http.request"}])

        async def receive() -> Any:
            message = next(messages, None)
            if message is None:
                await left.wait()
            return message or {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = AsyncRequestFactory()._base_scope(path=target) | {"type": "http"}
        async with asyncio.timeout(WITHIN):
            await ASGIHandler()(scope, receive, send)
        return sent

    start, *parts = asyncio.run(ask(counted))
    assert (start["status"], b"".join(part.get("body", b"") for part in parts)) == (200, b"[0]")
    assert (b"X-Sync", b"1") in start["headers"]
    start, *parts = asyncio.run(ask(lambda: {"count": Order.objects.acount()}))
    assert b"".join(part.get("body", b"") for part in parts) == b'{"count":0}'


def test_who_is_told_of_an_error_may_use_the_orm_and_may_fail(shop: Callable[[int], None]) -> None:
    shop(2)
    counts: list[int] = []

    def tell(**_: Any) -> None:
        counts.append(Order.objects.count())
        connections.close_all()
        raise RuntimeError("of the receiver")

    got_request_exception.connect(tell)
    try:
        for kind in ("wsgi", "asgi"):
            got = get(kind, "/sync", raising(ValueError("x"))["sync"], raising=False)
            assert (got.status, got.headers["content-type"]) == (500, "application/problem+json")
    finally:
        got_request_exception.disconnect(tell)
    assert counts == [2, 2]


@BOTH
@override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
def test_head_says_no_length_that_get_does_not_say(kind: str) -> None:
    assert "content-length" not in get(kind, "/sync", sync_rows).headers
    assert "content-length" not in get(kind, "/sync", sync_rows, "head").headers


class Templating:
    """The example of Django's documentation."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self._get_response(request)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        del request
        response.context_data["more"] = 1
        return response


@BOTH
@override_settings(MIDDLEWARE=[f"{__name__}.Templating"])
def test_a_middleware_for_templates_finds_what_it_adds_to(kind: str) -> None:
    assert get(kind, "/sync", sync_rows).status == 200


def test_what_a_decorator_says_to_middleware_stays_on_the_problem() -> None:
    response: Any = stream(RequestFactory().get("/", headers={"accept": "image/png"}), sync_rows())
    response.xframe_options_exempt = True
    problem = response.render()
    assert (problem.status_code, getattr(problem, "xframe_options_exempt", None)) == (406, True)


def test_a_transaction_that_is_no_tests_collects_nothing() -> None:
    """Such as of a middleware around everything: an endless stream would never begin."""

    def endless() -> Iterator[int]:
        while True:
            yield 1

    with transaction.atomic():
        response: Any = stream(RequestFactory().get("/"), endless()).render()
        body = iter(response)
        assert next(body).startswith(b"[1")
        response.close()


@BOTH
def test_a_deferred_call_is_in_the_tests_transaction(kind: str, shop: Callable[[int], None]) -> None:
    shop(1)
    with transaction.atomic():
        Order.objects.all().delete()
        got = get(kind, "/async", lambda: {"orders": defer(Order.objects.count)})
        transaction.set_rollback(True)
    assert got.json == {"orders": 0}


def test_what_nobody_began_is_closed_in_a_loop_too() -> None:
    ends: list[Outcome] = []

    async def close() -> None:
        stream(AsyncRequestFactory().get("/"), async_rows(), on_finish=ends.append).close()
        async with asyncio.timeout(WITHIN):
            while not ends:  # noqa: ASYNC110 - closing takes turns of the loop
                await asyncio.sleep(0.001)

    asyncio.run(close())
    assert [end.reason for end in ends] == ["not_started"]


def test_a_cleanup_that_needs_the_requests_thread_gets_it() -> None:
    """Django closes a response in that thread, and a middleware has wrapped the body."""
    closed: list[int] = []

    async def items() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.001)
        finally:
            closed.append(await sync_to_async(len)("cleaned"))

    async def leave() -> None:
        async with ThreadSensitiveContext():
            response = await stream(AsyncRequestFactory().get("/"), items()).render()
            inner = response.streaming_content

            async def wrapped() -> AsyncIterator[bytes]:
                async for part in inner:
                    yield part

            response.streaming_content = wrapped()
            parts = aiter(response)
            await anext(parts)
            await parts.aclose()
            assert closed == [7]
            await sync_to_async(response.close)()

    asyncio.run(leave())


def test_a_task_keeps_nothing_of_the_streams_that_it_has_served() -> None:
    async def serve() -> None:
        for _ in range(3):
            response = await stream(AsyncRequestFactory().get("/"), async_rows()).render()
            assert b"".join([part async for part in response]) == b'[{"id":1},{"id":2}]'
            bodies.append(weakref.ref(response._body._let_go))
        assert [body() for body in bodies] == [None, None, response._body._let_go]

    bodies: list[weakref.ref[Any]] = []
    asyncio.run(serve())


@pytest.mark.parametrize("how", ["iter", "close"])
def test_a_thread_gives_back_its_connection_whatever_its_source_raises(
    how: str, shop: Callable[[int], None]
) -> None:
    shop(1)
    opened: list[Any] = []

    def query() -> None:
        Order.objects.count()
        opened.extend(connections.all(initialized_only=True))

    class Failing:
        def __iter__(self) -> Iterator[int]:
            query()
            raise ValueError("of iter")

    def failing() -> Iterator[int]:
        try:
            query()
            yield 1
        finally:
            raise ValueError("of the cleanup")

    response: Any = stream(RequestFactory().get("/"), Failing() if how == "iter" else failing()).render()
    response.close()
    assert [connection.connection for connection in opened] == [None]


@BOTH
def test_text_that_is_marked_safe_is_text(kind: str) -> None:
    safe = mark_safe("<b>")
    assert get(kind, "/sync", lambda: [{"a": safe}, safe]).json == [{"a": "<b>"}, "<b>"]
