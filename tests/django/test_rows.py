"""`stream` and the ORM: querysets, connections, a test's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections, transaction
from django.http import Http404

from tailrace import Outcome, defer
from tailrace.django import from_queryset

from .shop.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


from .exchange import BOTH, VIEWS, Make, async_rows, get, raising, sync_rows

pytestmark = pytest.mark.usefixtures("exchange")


async def by_the_orm() -> AsyncIterator[int]:
    async for order in Order.objects.order_by("id"):
        yield order.pk


def by_the_orm_sync() -> Iterator[int]:
    for order in Order.objects.order_by("id"):
        yield order.pk


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
