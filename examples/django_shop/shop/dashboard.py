"""The figures of the shop: a document whose parts come when each is ready."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Sum
from django.utils import timezone
from django.views.decorators.http import require_safe

from examples.django_shop.shop.models import Order, Product
from tailrace import defer
from tailrace.django import from_queryset, stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest, HttpResponseBase

DAYS = 14
FEW = 20
"""What is left of a product when more should be ordered."""


@require_safe
async def dashboard(request: HttpRequest) -> HttpResponseBase:
    best = Product.objects.annotate(sold=Sum("orders__quantity")).filter(sold__gt=0).order_by("-sold", "id")
    figures = {
        "now": timezone.now(),
        "orders": Order.objects.acount(),
        "revenue": revenue(),
        "days": days(),  # a list that grows
        "best": from_queryset(best.values("name", "sold")[:6]),  # so is this one
        "short": defer(running_short, timeout=5, fallback=None),  # a sync function, in a thread
    }
    return stream(request, figures)


async def revenue() -> Any:
    await asyncio.sleep(2 * settings.PAUSE)
    return (await Order.objects.aaggregate(sum=Sum("total")))["sum"]


async def days() -> AsyncIterator[dict[str, Any]]:
    """What was ordered on each of the last days, a query for each."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        placed = Order.objects.filter(placed__gte=day, placed__lt=day + timedelta(days=1))
        figures = await placed.aaggregate(orders=Count("id"), total=Sum("total"))
        yield {"day": day.date(), **figures}
        await asyncio.sleep(settings.PAUSE / 4)


def running_short() -> list[dict[str, Any]]:
    time.sleep(3 * settings.PAUSE)
    return list(Product.objects.filter(stock__lt=FEW).order_by("stock", "id").values("name", "stock")[:6])
