"""The rows in PostgreSQL, whose table `bench.stored` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import models

from bench.peers.django_site import count_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

COLUMNS: Final = ("id", "name", "price", "created")
CHUNK: Final = 2000
"""Rows that are fetched at a time: Django's own number for `iterator`."""


class StoredRow(models.Model):
    """One row."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField()
    price = models.FloatField()
    created = models.DateTimeField()

    class Meta:  # noqa: D106 - Django's
        app_label = "bench"
        db_table = "bench_rows"
        managed = False

    def __str__(self) -> str:
        """The name."""
        return self.name


def stored(request: HttpRequest) -> QuerySet[StoredRow]:
    """As many rows as are asked for, as models."""
    return StoredRow.objects.order_by("id")[: count_of(request)]


def stored_dicts(request: HttpRequest) -> QuerySet[StoredRow, dict[str, Any]]:
    """The same as dicts."""
    return StoredRow.objects.order_by("id").values(*COLUMNS)[: count_of(request)]


def stored_lists(request: HttpRequest) -> QuerySet[StoredRow, tuple[Any, ...]]:
    """The same as tuples."""
    return StoredRow.objects.order_by("id").values_list(*COLUMNS)[: count_of(request)]
