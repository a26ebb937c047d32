"""Batches by primary key: which querysets have them, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.db import connection
from django.db.models import CASCADE, CharField, Count, Exists, Model, OneToOneField, OuterRef, Window
from django.db.models.functions import RowNumber
from django.test.utils import CaptureQueriesContext, isolate_apps

from tailrace.django import from_queryset
from tests.django.shop.models import Order, Product

if TYPE_CHECKING:
    from tests.django.plugin import Fill

orders, products = Order.objects, Product.objects


def test_a_batch_by_key_is_a_query_that_begins_behind_the_last(shop: Fill) -> None:
    shop(5)
    seen = []
    with CaptureQueriesContext(connection) as captured:
        for item in from_queryset(orders.values("total"), 2, keyset=True):
            seen.append(item["total"] * 4)
            if seen == [1, 2]:
                orders.filter(pk=3).delete()
                orders.filter(pk=4).update(total=10)
    assert seen == [1, 2, 40, 5]
    assert [query["sql"].startswith("SELECT") for query in captured].count(True) >= 3
    assert all("LIMIT 2" in query["sql"] for query in captured if query["sql"].startswith("SELECT"))


@pytest.mark.parametrize("order", ["-pk", "-id", "pk"])
def test_by_key_in_both_directions(shop: Fill, order: str) -> None:
    shop(5)
    expected = [5, 4, 3, 2, 1] if order.startswith("-") else [1, 2, 3, 4, 5]
    for queryset in (orders.order_by(order), orders.order_by(order).prefetch_related("product")):
        assert [item["id"] for item in from_queryset(queryset, 2, keyset=True)] == expected
    backwards = orders.order_by(order).reverse().values_list("id", flat=True)
    assert list(from_queryset(backwards, 2, keyset=True)) == expected[::-1]


WRONG: dict[str, Any] = {
    "order of its own": orders.order_by("total"),
    "order of its own ": orders.order_by("?"),
    "sliced": orders.all()[:3],
    "distinct": orders.distinct(),
    "union": orders.union(orders.all()),
    "groups": orders.values("product").annotate(n=Count("pk")).order_by(),
    "repeats rows": products.filter(orders__total__gt=0),
    "window": orders.annotate(n=Window(RowNumber())),
    "raw": orders.raw("SELECT 1"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_has_no_batches_by_key_is_said(wrong: str) -> None:
    with pytest.raises(ValueError, match=rf"keyset=True\): .*{wrong.strip()}.*, or leave keyset=True out"):
        from_queryset(WRONG[wrong], keyset=True)
    Some = Exists(orders.filter(product=OuterRef("pk")))  # noqa: N806 - an expression
    assert from_queryset(products.filter(Some), keyset=True)


@isolate_apps("tests.django.shop")
def test_the_order_of_a_related_model_is_not_that_of_the_key() -> None:
    """Django orders by a relation as the model behind it is ordered, also where the relation is the key."""

    class User(Model):  # noqa: DJ008 - nobody shows it
        name = CharField(max_length=9)

        class Meta:
            app_label = "shop"
            ordering: ClassVar[list[str]] = ["name"]

    class Profile(Model):  # noqa: DJ008 - nobody shows it
        user = OneToOneField(User, CASCADE, primary_key=True)

        class Meta:
            app_label = "shop"

    profiles = Profile._default_manager
    for order in ("pk", "-pk", "user_id", "-user_id"):
        assert from_queryset(profiles.order_by(order), keyset=True)
    for order in ("user", "-user"):
        with pytest.raises(ValueError, match="order of its own"):
            from_queryset(profiles.order_by(order), keyset=True)
    User._meta.ordering = []
    assert from_queryset(profiles.order_by("user"), keyset=True)
