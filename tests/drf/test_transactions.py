"""Tests of applications: what they write in a transaction that is rolled back, no other thread sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from tests.django.shop.models import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.django.plugin import Fill


@pytest.fixture
def rolled_back(shop: Fill) -> Iterator[None]:
    with transaction.atomic():
        shop(3)
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize("path", ["/orders", "/ids", "/their-json", "/restflow/view", "/adrf/orders"])
def test_a_stream_sees_what_its_test_has_written(path: str) -> None:
    response: Any = APIClient().get(path)
    assert [one["id"] for one in json.loads(response.getvalue())] == [one.pk for one in Order.objects.all()]


@pytest.mark.usefixtures("rolled_back")
def test_the_browsable_api_too() -> None:
    response: Any = APIClient().get("/orders", headers={"accept": "text/html"})
    assert response.content.decode().count("&quot;product&quot;: ") == 3
