"""A pool of one connection: whoever keeps it lets all others wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.test import RequestFactory

from tailrace import Delivery
from tailrace.django import from_queryset, stream
from tests.django.plugin import fill
from tests.django.shop.models import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.django.plugin import Activity

orders = Order.objects.using("pooled").order_by("id").values_list("id", flat=True)


@pytest.fixture
def pooled(pg: Activity) -> Iterator[Any]:
    """The alias `pooled`, which has a pool."""
    fill(3, using="pg")
    settings = connections.settings["pg"]
    one = {"min_size": 1, "max_size": 1, "timeout": 5}
    connections.settings["pooled"] = settings | {"OPTIONS": {**settings["OPTIONS"], "pool": one}}
    connection: Any = connections["pooled"]
    yield connection.pool
    connection.close()
    connection.close_pool()
    del connections["pooled"], connections.settings["pooled"]
    connections["pg"].close()
    assert pg.becomes([])


@pytest.mark.parametrize("keyset", [False, True])
def test_a_source_gets_the_connection_that_its_request_had(pooled: Any, keyset: bool) -> None:  # noqa: FBT001 - pytest's
    assert orders.count() == 3
    rows = from_queryset(orders, keyset=keyset)
    response: Any = stream(RequestFactory().get("/"), rows, delivery=Delivery(commit_after=60)).render()
    assert (response.status_code, b"".join(response)) == (200, b"[1,2,3]")
    assert pooled.get_stats()["pool_available"] == 1


def test_between_two_batches_by_key_others_have_it(pooled: Any) -> None:
    batches = from_queryset(orders, chunk_size=1, keyset=True).batches()
    assert next(batches) == [1]
    counted: list[int] = []
    other = threading.Thread(target=lambda: (counted.append(orders.count()), connections["pooled"].close()))
    other.start()
    other.join()
    assert (counted, next(batches), pooled.get_stats()["pool_available"]) == ([3], [2], 1)
    batches.close()
