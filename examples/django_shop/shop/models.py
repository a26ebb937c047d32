"""Products, orders, and the audit log."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator
from django.db import connection, models, transaction
from django.utils import timezone

LOG = 0x5409
"""The advisory lock under which the audit log is written."""


class Product(models.Model):
    """What is sold."""

    name = models.CharField(max_length=80, unique=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """Who bought how much of what, and when."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="orders")
    customer = models.CharField(max_length=80)
    quantity = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    total = models.DecimalField(max_digits=12, decimal_places=2)
    placed = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"order {self.pk}"


class Entry(models.Model):
    """A line of the audit log: who reads on says the number of the last one that he has."""

    action = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.pk} {self.action}"


@transaction.atomic
def place(product: Product, customer: str, quantity: int = 1) -> Order:
    """Take an order, and write into the audit log that it was taken: both or neither."""
    total = quantity * Decimal(product.price)
    order = Order.objects.create(product=product, customer=customer, quantity=quantity, total=total)
    detail = {"product": product.name, "quantity": quantity, "total": str(total), "customer": customer}
    record("order placed", order=order.pk, **detail)
    return order


def record(action: str, **detail: Any) -> None:
    """Write a line of the audit log, within a transaction."""
    if connection.vendor == "postgresql":
        # Numbers are given when a row is written and rows are seen when they are committed. Were those two
        # orders not the same, a reader who has 8 would never be shown a 7 that comes later. (SQLite has one writer.)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOG])
    Entry.objects.create(action=action, detail=detail)
