from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import django
from django.db import connection

from tests.django.shop.models import Order

if TYPE_CHECKING:
    from tests.django.plugin import Fill


def test_django_means_django_and_another_thread_sees_the_shop(shop: Fill) -> None:
    shop(10)
    seen: list[int] = []

    def count() -> None:
        seen.append(Order.objects.count())
        connection.close()

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    assert django.VERSION >= (5, 2)
    assert seen == [10]
    assert Order.objects.get(pk=4).product.name == "product 2"
