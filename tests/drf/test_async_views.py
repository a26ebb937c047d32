from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.django.shop.models import Order
from tests.drf import async_views
from tests.drf.conftest import by_asgi

if TYPE_CHECKING:
    from tests.django.plugin import Fill
    from tests.drf.conftest import Ask

EVENTS = "text/event-stream"
LISTS = ["adrf/orders", "adrf/set", "restflow/orders", "set"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_rows_is_streamed(ask: Ask, shop: Fill, path: str) -> None:
    shop(3)
    reply = ask(f"/{path}", EVENTS)
    assert (reply.status, reply.headers["Incremental"]) == (200, "?1")
    assert reply.text.count("data: {") == 3 + 1  # and the end's
    first = Order.objects.all()[0]
    assert json.loads(ask(f"/{path}").body)[0] == {
        "id": first.pk,
        "product": first.product_id,
        "total": str(first.total),
    }


@pytest.mark.parametrize("path", ["adrf/paged", "restflow/paged", "restflow/chosen", "restflow/set"])
def test_a_page_is_as_without(ask: Ask, shop: Fill, path: str) -> None:
    shop(5)
    envelope = json.loads(ask(f"/{path}").body)
    assert (envelope["count"], len(envelope["results"])) == (5, 2)
    reply = ask(f"/{path}", "application/x-ndjson")
    assert [json.loads(line) for line in reply.text.splitlines()] == envelope["results"]
    assert reply.headers["Link"] == f'<{envelope["next"]}>; rel="next"'


def test_restflows_serializer_of_an_action(ask: Ask, shop: Fill) -> None:
    shop(1)
    assert list(json.loads(ask("/restflow/set").body)["results"][0]) == ["id"]
    assert list(json.loads(ask("/restflow/sync-set").body)[0]) == ["id"]


def test_a_serializer_that_is_awaited(ask: Ask, shop: Fill) -> None:
    shop(2)
    first, second = Order.objects.all()
    reply = ask("/adrf/awaited", "application/x-ndjson")
    assert [json.loads(line)["name"] for line in reply.text.splitlines()] == [
        f"order {first.pk}",
        f"order {second.pk}",
    ]


def test_what_a_function_makes_of_each_row(ask: Ask, shop: Fill) -> None:
    shop(2)
    first = Order.objects.all()[0]
    assert json.loads(ask("/restflow/view").body)[0] == {"id": first.pk, "product": first.product.name}


def test_an_async_source_runs_in_the_loop_of_its_request(shop: Fill) -> None:
    shop(1)
    async_views.LOOPS.clear()
    assert by_asgi("/adrf/numbers", "application/x-ndjson").text == '{"n":0}\n{"n":1}\n{"n":2}\n'
    assert len(async_views.LOOPS) == 1 + 3
    assert len(set(async_views.LOOPS)) == 1


def test_permissions_go_on_working(ask: Ask) -> None:
    reply = ask("/adrf/denied", EVENTS)
    assert (reply.status, json.loads(reply.body)) == (403, {"detail": "not for you"})


def test_errors_before_the_first_item_are_the_views(ask: Ask) -> None:
    reply = ask("/adrf/failing/http404", EVENTS)
    assert (reply.status, json.loads(reply.body)) == (404, {"detail": "no such shop"})
    # restflow's exception handler may be a coroutine function.
    reply = ask("/restflow/failing/key", "text/csv")
    assert (reply.status, json.loads(reply.body)) == (418, {"oops": "KeyError"})
