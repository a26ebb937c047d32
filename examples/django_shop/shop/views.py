"""The page, and lists and files of rows: sync views, whose rows come while they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from examples.django_shop.shop.models import Order, Product
from tailrace import CSV, JSON, NDJSON
from tailrace.django import from_queryset, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponseBase

COLUMNS = ("id", "placed", "customer", "product__name", "quantity", "total")
FORMATS = {"csv": CSV(*COLUMNS), "ndjson": NDJSON(), "json": JSON()}


@require_safe
def page(request: HttpRequest) -> HttpResponseBase:
    return render(request, "shop/page.html", {"products": Product.objects.order_by("name")[:50]})


@require_safe
def products(request: HttpRequest) -> HttpResponseBase:
    """All products, in the format that the request asks for."""
    return stream(request, Product.objects.order_by("id").values("id", "name", "price", "stock"))


@require_safe
def orders_of(request: HttpRequest, number: int) -> HttpResponseBase:
    """The orders of a product: what is raised before the first of them is a real 404."""

    def orders() -> Iterator[dict[str, Any]]:
        if not Product.objects.filter(id=number).exists():
            raise Http404(f"there is no product {number}")
        yield from from_queryset(Order.objects.filter(product=number).order_by("id").values(*COLUMNS))

    return stream(request, orders())


@require_safe
def export(request: HttpRequest, ending: str) -> HttpResponseBase:
    """All orders as a file, page by page of a key: however slowly it is taken, no connection waits for it."""
    if ending not in FORMATS:
        raise Http404(f"there is no export as {ending}; there are {', '.join(FORMATS)}")
    orders = from_queryset(Order.objects.order_by("id").values(*COLUMNS), keyset=True)
    return stream(request, orders, formats=[FORMATS[ending]], filename=f"orders.{ending}")
