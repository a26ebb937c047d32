from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tailrace.django import from_queryset
from tailrace.drf import RENDERERS, stream
from tailrace.drf._serialize import serialized
from tests.django.shop.models import Order
from tests.drf.async_views import AwaitedSerializer
from tests.drf.views import OrderSerializer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.django.plugin import Fill
    from tests.drf.conftest import Ask


class Filtered(serializers.ListSerializer[Any]):
    def to_representation(self, data: Any) -> Any:
        return super().to_representation([one for one in data if one.pk])


class FilteredOrder(OrderSerializer):
    class Meta(OrderSerializer.Meta):
        list_serializer_class = Filtered


class Counted(OrderSerializer):
    """Counts how many of it there are, and how many items it has represented."""

    made = 0
    seen = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        Counted.made += 1

    def to_representation(self, instance: Any) -> Any:
        Counted.seen += 1
        return super().to_representation(instance)


def test_one_serializer_represents_all_items(shop: Fill) -> None:
    shop(10)
    Counted.made = Counted.seen = 0
    items = serialized(Order.objects.all(), Counted, {})
    assert [item["id"] for item in items] == [one.pk for one in Order.objects.all()]
    assert (Counted.made, Counted.seen) == (1, 10)


def test_rows_are_let_go_of(shop: Fill) -> None:
    shop(50)
    alive: WeakSet[Order] = WeakSet()
    most = 0

    def represent(order: Order) -> int:
        nonlocal most
        alive.add(order)
        most = max(most, len(alive))
        return order.pk

    assert len(list(serialized(Order.objects.all(), represent, {}))) == 50
    assert most <= 2  # one is represented while the one before is let go of


def test_items_are_represented_one_by_one_as_they_are_read() -> None:
    steps: list[str] = []

    def rows() -> Iterator[int]:
        for n in range(2):
            steps.append(f"row {n}")
            yield n

    def represent(n: int) -> int:
        steps.append(f"item {n}")
        return n

    assert list(serialized(rows(), represent, {})) == [0, 1]
    assert steps == ["row 0", "item 0", "row 1", "item 1"]


def test_a_queryset_gives_instances_with_what_was_prefetched(shop: Fill) -> None:
    shop(3)
    rows = from_queryset(Order.objects.prefetch_related("product"), chunk_size=2)
    assert [one.pk for one in serialized(rows, lambda order: order, {})] == [
        one.pk for one in Order.objects.all()
    ]
    assert all(one._state.fields_cache for one in serialized(rows, lambda order: order, {}))
    assert [one["id"] for one in serialized(Order.objects.values("id"), dict, {})]
    assert [
        one.pk for one in serialized(Order.objects.raw("SELECT * FROM shop_order"), lambda order: order, {})
    ]


CLOSED: list[str] = []


class Source:
    def __iter__(self) -> Source:
        return self

    def __next__(self) -> int:
        return 1

    def close(self) -> None:
        CLOSED.append("sync")


class AsyncSource:
    def __aiter__(self) -> AsyncSource:
        return self

    async def __anext__(self) -> int:
        return 1

    async def aclose(self) -> None:
        CLOSED.append("async")


def test_a_queryset_is_read_by_primary_key_where_that_was_said(shop: Fill) -> None:
    shop(5)
    rows = from_queryset(Order.objects.order_by("-pk").select_related("product"), chunk_size=2, keyset=True)
    with CaptureQueriesContext(connection) as queries:
        read = [one.pk for one in serialized(rows, lambda order: order, {})]
    assert read == [one.pk for one in Order.objects.order_by("-pk")]
    assert len(queries) == 3  # of two, two and one
    with pytest.raises(TypeError, match="of models, not of values"):
        list(serialized(from_queryset(Order.objects.values("id"), keyset=True), dict, {}))

    async def all_of() -> list[int]:
        return [one async for one in serialized(rows, awaited, {})]

    async def awaited(order: Order) -> int:
        return order.pk

    assert asyncio.run(all_of()) == read


def test_what_was_not_read_is_closed() -> None:
    CLOSED.clear()
    started = serialized(Source(), int, {})
    assert next(iter(started)) == 1
    started.close()
    serialized(Source(), int, {}).close()

    async def leave() -> None:
        begun = serialized(AsyncSource(), int, {})
        assert await anext(begun) == 1
        await begun.aclose()
        await serialized(AsyncSource(), int, {}).aclose()

    asyncio.run(leave())
    assert CLOSED == ["sync", "sync", "async", "async"]
    serialized([1, 2], int, {}).close()  # a list is not a stream's to close


def test_a_list_serializer_that_needs_all_items_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="to_representation needs all items at once"):
        serialized(Order.objects.all(), FilteredOrder, {})


@pytest.mark.parametrize(
    ("content", "serializer", "expected"),
    [
        ({"a": 1}, OrderSerializer, "serializer= is for items: expected an iterable, async or not, got dict"),
        (5, OrderSerializer, "expected an iterable, async or not, got int"),
        ([1], "OrderSerializer", "expected a serializer class or a function of an item"),
        ([1], AwaitedSerializer, "is async: expected a QuerySet or an async iterable, got list"),
    ],
)
def test_what_is_none_is_refused(content: Any, serializer: Any, expected: str) -> None:
    with pytest.raises(TypeError, match=expected):
        serialized(content, serializer, {})


def test_a_request_of_djangos_own_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"got WSGIRequest; for Django's own there is tailrace\.django\.stream"
    ):
        stream(RequestFactory().get("/"), [])


def test_an_async_source_goes_through_a_plain_serializer() -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        yield {"name": "tea"}

    class Named(serializers.Serializer[Any]):
        name = serializers.CharField()
        path = serializers.SerializerMethodField()

        def get_path(self, _: Any) -> str:
            return str(self.context["request"].path)

    class View(APIView):
        renderer_classes = RENDERERS

        def get(self, request: Any) -> Any:
            return stream(request, rows(), serializer=Named)

    response: Any = View.as_view()(APIRequestFactory().get("/shop"))
    assert json.loads(b"".join(response.render())) == [{"name": "tea", "path": "/shop"}]


def test_a_source_has_the_requests_language_and_time_zone(ask: Ask, shop: Fill) -> None:
    shop(1)
    assert json.loads(ask("/localized").body) == [{"word": "Montag", "hour": 9}]
