"""The names, signatures and classes of restflow, and what may be given to them."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import StreamingHttpResponse
from django.test import override_settings
from restflow import responses as package
from restflow.responses import streaming as peer

from tailrace import restflow
from tailrace.restflow import NDJSONResponse, SSEResponse, StreamingJSONListResponse
from tests.django.plugin import fill
from tests.django.shop.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator

THREE = (StreamingJSONListResponse, NDJSONResponse, SSEResponse)
ITEMS = [{"data": 1}, {"data": 2}]
BODIES = {
    StreamingJSONListResponse: b'[{"data":1},{"data":2}]',
    NDJSONResponse: b'{"data":1}\n{"data":2}\n',
    SSEResponse: b"data: 1\n\ndata: 2\n\n",
}


async def each(items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def collected(chunks: AsyncIterable[Any]) -> list[Any]:
    async def read() -> list[Any]:
        return [chunk async for chunk in chunks]

    return asyncio.run(read())


def body_of(response: Any) -> bytes:
    return b"".join(collected(response))


@pytest.mark.seed("R1")
def test_the_names() -> None:
    for name in package.__all__:
        assert name in restflow.__all__
        assert isinstance(getattr(restflow, name), type)
    module = importlib.import_module("tailrace.restflow.responses")
    assert {name for name in package.__all__ if name != "Response"} <= vars(module).keys()
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = restflow.Nothing  # type: ignore[attr-defined] - that it is not there is the case


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("StreamingJSONListResponse", marks=pytest.mark.seed("R2")),
        pytest.param("NDJSONResponse", marks=pytest.mark.seed("R3")),
        pytest.param("SSEResponse", marks=pytest.mark.seed("R4")),
        pytest.param("format_sse", marks=pytest.mark.seed("R4")),
        pytest.param("reject_control_chars", marks=pytest.mark.seed("R4")),
    ],
)
def test_the_signatures(name: str) -> None:
    def taken(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
        parameters = inspect.signature(function).parameters.values()
        return [(one.name, one.kind, one.default) for one in parameters]

    assert taken(getattr(restflow, name)) == taken(getattr(peer, name))


@pytest.mark.seed("R4")
def test_events_take_no_encoder() -> None:
    for module in (peer, restflow):
        with pytest.raises(TypeError, match="unexpected keyword argument 'encoder'"):
            module.SSEResponse([], encoder=DjangoJSONEncoder)


@pytest.mark.seed("R2")
@pytest.mark.parametrize("kind", THREE)
def test_the_classes(kind: type[Any]) -> None:
    assert issubclass(kind, StreamingHttpResponse)
    assert inspect.isasyncgenfunction(kind.stream)
    response = kind(each([]))
    assert response.streaming
    assert response.is_async
    # Django would call it, and wait.
    assert not hasattr(response, "render")


@pytest.mark.seed("R2")
@pytest.mark.seed("R6")
@pytest.mark.seed("R11")
@pytest.mark.parametrize("kind", THREE)
def test_what_is_forwarded(kind: type[Any]) -> None:
    """As restflow's: the fields that both have are equal, and ours may have more."""
    given: dict[str, Any] = {
        "content_type": "application/vnd.api+json",
        "status": 207,
        "reason": "Parts",
        "charset": "latin-1",
        "headers": {"X-Total": "2", "Cache-Control": "max-age=1"},
    }
    ours, theirs = kind(each([]), **given), getattr(peer, kind.__name__)(each([]), **given)
    for one in (ours, theirs):
        assert (one.status_code, one.reason_phrase, one.charset) == (207, "Parts", "latin-1")
    assert dict(theirs.items()).items() <= dict(ours.items()).items()
    assert (
        dict(getattr(peer, kind.__name__)(each([])).items()).items() <= dict(kind(each([])).items()).items()
    )
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        kind(each([]), nonsense=1)


@pytest.mark.seed("R11")
def test_the_headers_of_events_are_always_there() -> None:
    response = SSEResponse(each([]), headers={"Cache-Control": "max-age=1", "X-Accel-Buffering": "yes"})
    assert (response["Cache-Control"], response["X-Accel-Buffering"]) == ("no-cache", "no")


@pytest.mark.seed("R23")
def test_who_wants_nginx_to_collect_says_so() -> None:
    assert NDJSONResponse(each([]))["X-Accel-Buffering"] == "no"
    assert NDJSONResponse(each([]), headers={"X-Accel-Buffering": "yes"})["X-Accel-Buffering"] == "yes"


# What may be given


class Once:
    """An async iterable that is no generator."""

    def __init__(self) -> None:
        self.left = list(ITEMS)

    def __aiter__(self) -> Once:
        return self

    async def __anext__(self) -> Any:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


@pytest.mark.seed("R5")
@pytest.mark.parametrize("kind", THREE)
@pytest.mark.parametrize(
    "made", [lambda: each(ITEMS), Once, lambda: ITEMS, lambda: iter(ITEMS), lambda: tuple(ITEMS)]
)
def test_iterables_of_both_kinds(kind: type[Any], made: Callable[[], Any]) -> None:
    assert body_of(kind(made())) == BODIES[kind]
    assert b"".join(kind(made())) == BODIES[kind]
    assert "".join(collected(kind(made()).stream())).encode() == BODIES[kind]


@pytest.mark.seed("R5")
@pytest.mark.parametrize("kind", THREE)
def test_a_queryset(kind: type[Any], shop: Callable[..., None]) -> None:
    shop(1)
    query = Product.objects.order_by("pk").values("id")[:2]
    first = body_of(kind(query))
    assert first == body_of(kind(list(query)))


@pytest.mark.seed("R5")
def test_a_queryset_in_a_tests_transaction(shop: Callable[..., None]) -> None:
    """Another thread would not see its rows."""
    del shop
    with transaction.atomic():
        fill(3)
        response = NDJSONResponse(Order.objects.values("id"))

        async def read() -> bytes:
            return b"".join([run async for run in response])

        assert async_to_sync(read)() == b'{"id":1}\n{"id":2}\n{"id":3}\n'
        transaction.set_rollback(True)


@pytest.mark.seed("R5")
@pytest.mark.seed("R22")
def test_the_pages_iterator(shop: Callable[..., None]) -> None:
    """It is sync, so `async for` refuses it, whatever the response; given as it is, ours takes it."""
    shop(3)

    async def as_on_the_page() -> AsyncIterator[Any]:
        async for row in Order.objects.values("id").iterator(chunk_size=2):
            yield row

    with pytest.raises(TypeError, match="__aiter__"):
        collected(peer.NDJSONResponse(as_on_the_page()).stream())
    rows = b'{"id":1}\n{"id":2}\n{"id":3}\n'
    assert body_of(NDJSONResponse(Order.objects.values("id").iterator(chunk_size=2))) == rows
    assert body_of(NDJSONResponse(Order.objects.values("id").aiterator(chunk_size=2))) == rows


@pytest.mark.parametrize("kind", THREE)
@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"a": 1}, "got dict; tailrace.django.stream takes a tree"),
        ("text", "one value"),
        (each, "call it"),
        (5, "got int"),
    ],
)
def test_what_is_no_iterable_of_items_is_refused_at_once(kind: type[Any], given: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        kind(given)


@pytest.mark.seed("R8")
@pytest.mark.parametrize("kind", THREE[:2])
def test_one_encoder_for_each_response(kind: type[Any]) -> None:
    made: list[DjangoJSONEncoder] = []

    class Counted(DjangoJSONEncoder):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)

    body_of(kind(each(ITEMS * 50), encoder=Counted))
    assert len(made) == 1


@pytest.mark.parametrize("kind", THREE)
def test_what_was_not_sent_is_closed(kind: type[Any]) -> None:
    """A middleware that answers something else closes the response."""
    items = each(ITEMS)
    kind(items).close()
    with pytest.raises(StopAsyncIteration):
        asyncio.run(anext(items))


def test_a_sync_source_is_closed_in_its_thread() -> None:
    closed: list[bool] = []

    def items() -> Iterator[Any]:
        try:
            yield from ITEMS
        finally:
            closed.append(True)

    assert body_of(NDJSONResponse(items())) == BODIES[NDJSONResponse]
    assert closed == [True]


@pytest.mark.seed("R7")
@pytest.mark.parametrize("kind", THREE)
def test_nothing_waits_for_the_first_item(kind: type[Any]) -> None:
    async def read() -> None:
        released = asyncio.Event()

        async def items() -> AsyncIterator[Any]:
            await released.wait()
            yield {"data": 1}

        body = aiter(kind(items()))
        async with asyncio.timeout(0.5):
            assert await anext(body) == (b"[" if kind is StreamingJSONListResponse else b"")
        released.set()
        assert b"1" in await anext(body)
        await body.aclose()

    asyncio.run(read())


def test_the_projects_encoder_is_for_other_streams() -> None:
    with override_settings(TAILRACE={"ENCODER": repr}):
        assert body_of(NDJSONResponse(each(ITEMS))) == BODIES[NDJSONResponse]
