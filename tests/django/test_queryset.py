"""Rows of a queryset as items, in SQLite; test_postgresql.py has what only a server shows."""

from __future__ import annotations

import asyncio
import re
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.db.models import Count, F, FilteredRelation, Model, Prefetch, Q
from django.db.models.query import ModelIterable, QuerySet
from django.test.utils import CaptureQueriesContext

from tailrace.django import from_queryset
from tests.django.plugin import START
from tests.django.shop.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.django.plugin import Fill

PRODUCT_2 = {"id": 2, "name": "product 2", "price": Decimal("2.50"), "created": START}
ORDER_1 = {
    "id": 1,
    "product_id": 2,
    "total": Decimal("0.25"),
    "created": datetime(2026, 1, 1, 0, 1, tzinfo=UTC),
}

orders, products = Order.objects, Product.objects
SHAPES: dict[str, tuple[Any, Any]] = {
    "a manager": (orders, ORDER_1),
    "only": (orders.only("total"), {"id": 1, "total": Decimal("0.25")}),
    "defer": (orders.defer("created", "total"), {"id": 1, "product_id": 2}),
    "annotate": (orders.only("pk").annotate(twice=F("total") * 2), {"id": 1, "twice": Decimal("0.5")}),
    "count": (
        products.only("name").annotate(n=Count("orders")).order_by("pk"),
        {"id": 1, "name": "product 1", "n": 1},
    ),
    "extra": (orders.only("pk").extra(select={"seven": "7"}), {"id": 1, "seven": 7}),
    "select_related": (orders.select_related("product"), {**ORDER_1, "product": PRODUCT_2}),
    "select_related(product)": (orders.select_related("product"), {**ORDER_1, "product": PRODUCT_2}),
    "a few of both": (
        orders.select_related("product").only("total", "product__name"),
        {"id": 1, "product_id": 2, "total": Decimal("0.25"), "product": {"id": 2, "name": "product 2"}},
    ),
    "prefetch_related": (orders.prefetch_related("product"), {**ORDER_1, "product": PRODUCT_2}),
    "values": (orders.values("id", "product__name"), {"id": 1, "product__name": "product 2"}),
    "values()": (orders.values(), ORDER_1),
    "values of F": (orders.values("pk", half=F("total") / 2), {"pk": 1, "half": Decimal("0.125")}),
    "values_list": (orders.values_list("id", "product_id"), [1, 2]),
    "values_list()": (orders.values_list(), list(ORDER_1.values())),
    "flat": (orders.values_list("total", flat=True), Decimal("0.25")),
    "named": (orders.values_list("id", "total", named=True), {"id": 1, "total": Decimal("0.25")}),
}


@pytest.mark.parametrize("keyset", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_item_has_what_was_loaded(shop: Fill, shape: str, keyset: bool) -> None:  # noqa: FBT001 - of pytest's
    shop(3)
    queryset, first = SHAPES[shape]
    rows = from_queryset(queryset, 2, keyset)
    items = list(rows)
    assert items[0] == first
    assert not isinstance(first, dict) or list(items[0]) == list(first)
    assert len(items) == len(list(rows)) == 3  # as often as is wanted


def test_a_relation_that_is_null_is_null_in_the_item(shop: Fill) -> None:
    shop(4)
    latest = FilteredRelation("orders", condition=Q(orders__total__gte=1))
    queryset = products.annotate(big=latest).select_related("big").order_by("pk")
    first, second, third = from_queryset(queryset)
    assert first["big"] is third["big"] is None
    assert second["big"]["id"] == 4


def test_what_is_prefetched_is_within_and_asked_for_once_a_batch(shop: Fill) -> None:
    shop(4)
    few = Prefetch("orders", Order.objects.only("product", "total").annotate(one=F("pk")), to_attr="few")
    rows = from_queryset(products.only("name").prefetch_related("orders__product", few).order_by("pk"), 2)
    with CaptureQueriesContext(connection) as captured:
        first, second, third = rows
    assert [order["id"] for order in second["orders"]] == [1, 4]
    assert second["orders"][0] == {**ORDER_1, "product": {"id": 2, "name": "product 2"}}
    assert first["few"] == [{"id": 3, "product_id": 1, "total": Decimal("0.75"), "one": 3}]
    assert third["few"] == [{"id": 2, "product_id": 3, "total": Decimal("0.50"), "one": 2}]
    assert len(captured) == 1 + 2 * 2


def test_what_others_make_of_rows_is_theirs(shop: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queryset's own iterable (polymorphic models have one), and a model's own `from_db`."""
    shop(3)

    class Loud(ModelIterable):
        def __iter__(self) -> Iterator[Any]:
            for model in super().__iter__():
                model.name = model.name.upper()
                yield model

    queryset = products.order_by("pk")
    queryset._iterable_class = Loud
    assert [item["name"] for item in from_queryset(queryset, 2)] == ["PRODUCT 1", "PRODUCT 2", "PRODUCT 3"]

    def from_db(cls: type[Model], *args: Any, **more: Any) -> Model:
        model: Any = super(Product, Product).from_db.__func__(cls, *args, **more)
        model.name = "from_db"
        return model

    monkeypatch.setattr(Product, "from_db", classmethod(from_db))
    assert {item["name"] for item in from_queryset(products)} == {"from_db"}


def test_querysets_that_are_no_plain_select(shop: Fill) -> None:
    shop(4)
    one, two = (orders.filter(pk=number).order_by().values("id") for number in (1, 2))
    both = one.union(two)
    assert sorted(item["id"] for item in from_queryset(both)) == [1, 2]
    assert list(from_queryset(orders.none())) == list(from_queryset(orders.none(), keyset=True)) == []
    assert [item["id"] for item in from_queryset(products.get(pk=2).orders, 1)] == [1, 4]
    assert list(
        from_queryset(orders.values("product").order_by().annotate(n=Count("pk")).order_by("product"))
    ) == [{"product": number, "n": count} for number, count in ((1, 1), (2, 2), (3, 1))]


def test_a_raw_query_has_the_names_of_fields(shop: Fill) -> None:
    shop(3)
    sql = "SELECT id, created, product_id AS made, 7 AS seven FROM shop_order WHERE id > %s ORDER BY id"
    raw = orders.raw(sql, [1], translations={"made": "product_id"})
    assert list(from_queryset(raw, 1)) == [
        {"id": 2, "created": START + timedelta(minutes=2), "product_id": 3, "seven": 7},
        {"id": 3, "created": START + timedelta(minutes=3), "product_id": 1, "seven": 7},
    ]
    assert list(from_queryset(orders.raw("SELECT id FROM shop_order WHERE id = %(id)s", {"id": 3}))) == [
        {"id": 3}
    ]


def test_what_is_no_queryset_is_said() -> None:
    for wrong, hint in (
        (Order, r"got the model Order: its rows are Order\.objects\.all\(\)"),
        (Order(), "got one Order"),
        ([1], "got 'list'"),
        (orders.raw("SELECT 1").prefetch_related("product"), "raw.* with prefetch_related"),
    ):
        with pytest.raises(TypeError, match=hint):
            from_queryset(wrong)
    for size in (0, -1, True, "2", None):
        with pytest.raises(ValueError, match=re.escape(f"chunk_size={size!r}): expected a number of rows")):
            from_queryset(orders, size)
    assert repr(from_queryset(orders, 5)) == "<rows of shop.Order, 5 at a time>"


def test_an_async_reader_has_the_same_items_in_a_thread_of_their_own(shop: Fill) -> None:
    shop(5)
    rows = from_queryset(orders.values_list("id", flat=True), 2)
    names: set[str] = set()

    class Watching(type(rows)):
        def batches(self) -> Any:
            for batch in super().batches():
                names.add(threading.current_thread().name)
                yield batch

    async def read(*, keyset: bool) -> list[int]:
        watching = Watching(orders.values_list("id", flat=True), 2, by_key=keyset)
        return [item async for item in watching]

    assert asyncio.run(read(keyset=False)) == asyncio.run(read(keyset=True)) == [1, 2, 3, 4, 5]
    assert {name[:13] for name in names} == {"tailrace-rows"}


def test_an_async_reader_within_a_transaction_sees_what_is_in_it(shop: Fill) -> None:
    async def read() -> list[int]:
        return [item async for item in from_queryset(orders.values_list("id", flat=True), 2)]

    with transaction.atomic():
        shop(5)
        assert async_to_sync(read)() == [1, 2, 3, 4, 5]
        transaction.set_rollback(True)
    assert async_to_sync(read)() == []


@pytest.mark.parametrize("way", ["aclose", "cancel"])
def test_an_async_reader_that_leaves_closes_the_cursor_first(shop: Fill, way: str) -> None:
    """Django's `aiterator` leaves that to the garbage collector."""
    shop(5)
    told: list[str] = []

    class Slow(QuerySet[Any, Any]):
        def all(self) -> Self:
            return self

    class Told(ModelIterable):
        def __iter__(self) -> Iterator[Any]:
            try:
                yield from super().__iter__()
            finally:
                told.append(threading.current_thread().name[:13])

    queryset = Slow(Order)
    queryset._iterable_class = Told

    async def read() -> None:
        rows = aiter(from_queryset(queryset, 2))
        assert [(await anext(rows))["id"] for _ in range(2)] == [1, 2]
        if way == "aclose":
            await rows.aclose()
        else:
            task = asyncio.ensure_future(anext(rows))
            await asyncio.sleep(0)  # it waits for the second batch
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert told == ["tailrace-rows"]

    asyncio.run(read())
