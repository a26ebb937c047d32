"""What a stream gives back of its request's connections, and a thread of its own, in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections, transaction
from django.db.models.query import ModelIterable, QuerySet
from django.test import override_settings

from tailrace.django import from_queryset
from tailrace.django._connections import close_connections, in_transaction, release
from tailrace.drf._serialize import serialized
from tests.django.plugin import fill
from tests.django.shop.models import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import Model

    from tests.django.plugin import Activity, Fill

orders = Order.objects.using("pg")


@pytest.fixture
def persistent(pg: Activity, monkeypatch: pytest.MonkeyPatch) -> Activity:
    connections["pg"].close()
    assert pg.becomes([])
    monkeypatch.setitem(connections["pg"].settings_dict, "CONN_MAX_AGE", None)
    assert orders.count() == 0
    return pg


def test_what_django_would_close_at_the_end_is_closed_at_the_start(pg: Activity) -> None:
    assert orders.count() == 0
    assert pg.states() == ["idle"]
    release(persistent=False)
    assert pg.becomes([])


def test_a_persistent_one_is_closed_once_the_stream_is_a_long_one(persistent: Activity) -> None:
    release(persistent=False)
    assert persistent.states() == ["idle"]
    release(persistent=True)
    assert persistent.becomes([])
    assert orders.count() == 0  # a new one


def test_a_persistent_one_that_is_used_since_is_left_alone(persistent: Activity) -> None:
    """A source in the request's own thread has begun to read."""
    release(persistent=False)
    release(persistent=False)
    assert len(connections["pg"].execute_wrappers) == 1
    assert orders.count() == 0
    release(persistent=True)
    assert persistent.states() == ["idle"]
    assert connections["pg"].execute_wrappers == []


def test_an_execute_wrapper_of_somebody_s_is_taken_off_by_them(persistent: Activity) -> None:
    """A middleware's block, within which the stream begins."""
    wrappers = connections["pg"].execute_wrappers

    def theirs(execute: Callable[..., Any], *arguments: Any) -> Any:
        return execute(*arguments)

    with connections["pg"].execute_wrapper(theirs):
        release(persistent=False)
    assert theirs not in wrappers
    release(persistent=True)
    assert wrappers == []
    assert persistent.becomes([])


def test_one_that_was_opened_since_is_left_alone(pg: Activity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["pg"].settings_dict, "CONN_MAX_AGE", 60)
    connections["pg"].close()
    assert pg.becomes([])
    release(persistent=False)
    assert orders.count() == 0
    release(persistent=True)
    assert pg.states() == ["idle"]


@pytest.mark.usefixtures("pg")
@pytest.mark.parametrize("age", [0, 60])
def test_none_is_closed_within_a_transaction(monkeypatch: pytest.MonkeyPatch, age: int) -> None:
    monkeypatch.setitem(connections["pg"].settings_dict, "CONN_MAX_AGE", age)
    for begin in (True, False):
        if begin:
            with transaction.atomic(using="pg"):
                fill(2, using="pg")
                release(persistent=False)
                release(persistent=True)
                assert orders.count() == 2
        else:
            transaction.set_autocommit(False, using="pg")
            orders.all().delete()
            release(persistent=False)
            release(persistent=True)
            transaction.commit(using="pg")
            transaction.set_autocommit(True, using="pg")
    assert orders.count() == 0


@pytest.mark.parametrize("age", [0, 60])
def test_one_that_a_view_reads_from_is_left_alone(
    pg: Activity, monkeypatch: pytest.MonkeyPatch, age: int
) -> None:
    """The view has looked at the first row, and streams it with the rest."""
    monkeypatch.setitem(connections["pg"].settings_dict, "CONN_MAX_AGE", age)
    fill(5, using="pg")
    rows = orders.iterator(2)
    first = next(rows)
    release(persistent=False)
    release(persistent=True)
    assert [first.pk, *(row.pk for row in rows)] == [1, 2, 3, 4, 5]
    release(persistent=False)
    release(persistent=True)
    assert pg.becomes([])


def test_a_connection_that_broke_is_django_s_to_close(persistent: Activity) -> None:
    next(orders.iterator(2), None)
    persistent.terminate()
    release(persistent=False)
    release(persistent=True)
    assert connections["pg"].connection is not None


def test_sqlite_is_left_alone(shop: Fill) -> None:
    shop(5)
    rows = Order.objects.iterator(2)
    first = next(rows)
    release(persistent=False)
    release(persistent=True)
    assert [first.pk, *(row.pk for row in rows)] == [1, 2, 3, 4, 5]


def test_in_transaction(pg: Activity, shop: Fill) -> None:
    del pg, shop
    assert not in_transaction()
    for alias in ("default", "pg"):
        with transaction.atomic(using=alias):
            assert in_transaction()
            assert not in_thread(in_transaction)
    assert not in_transaction()


def test_a_thread_closes_all_that_is_its_own(pg: Activity, monkeypatch: pytest.MonkeyPatch) -> None:
    connections["pg"].close()
    closed: list[str] = []

    def use() -> None:
        assert Order.objects.count() == orders.count() == 0
        assert pg.states() == ["idle"]
        default = connections["default"]
        close = default.close

        def fail() -> None:
            close()
            closed.append("default")
            raise OSError("broken")

        monkeypatch.setattr(default, "close", fail)
        with pytest.raises(OSError, match="broken"):
            close_connections()

    in_thread(use)
    assert closed == ["default"]
    assert pg.becomes([])


class Alternating:
    """A router that says another of two aliases each time, as Django's documentation has one for replicas."""

    def __init__(self) -> None:
        self._aliases = cycle(["default", "replica"])

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        del model, hints
        return next(self._aliases)


class TheirOwn(ModelIterable):
    """Rows are made into models."""


def models() -> QuerySet[Order]:
    queryset = Order.objects.all()
    queryset._iterable_class = TheirOwn
    return queryset


SHAPES: dict[str, Callable[[], Iterable[Any]]] = {
    "values": lambda: from_queryset(Order.objects.values("id")),
    "models": lambda: from_queryset(models()),
    "keyset": lambda: from_queryset(Order.objects.values("id"), keyset=True),
    "keyset of models": lambda: from_queryset(models(), keyset=True),
    "raw": lambda: from_queryset(Order.objects.raw("SELECT id FROM shop_order")),
    "serialized": lambda: serialized(Order.objects.all(), lambda order: order.pk, {}),
    "serialized by key": lambda: serialized(from_queryset(Order.objects.all(), keyset=True), str, {}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_database_that_a_router_says_is_the_one_given_back(
    shop: Fill, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    monkeypatch.setitem(connections.settings, "replica", connections.settings["default"])
    shop(2)
    connections.close_all()
    with override_settings(DATABASE_ROUTERS=[Alternating()]):
        assert len(list(SHAPES[shape]())) == 2
    still_open = [one.alias for one in connections.all() if one.connection is not None]
    connections.close_all()
    del connections["replica"]
    assert still_open == []


def test_an_async_reader_whose_cleanup_fails_gives_back_its_connection(pg: Activity) -> None:
    connections["pg"].close()

    class Failing(type(from_queryset(orders))):
        def batches(self) -> Any:
            try:
                yield [orders.count()]
            finally:
                raise OSError("broken")

    async def read() -> None:
        async with aclosing(aiter(Failing(orders.all(), 2, by_key=False))) as rows:
            assert await anext(rows) == 0

    with pytest.raises(OSError, match="broken"):
        asyncio.run(read())
    assert pg.becomes([])


def in_thread(function: Callable[[], Any]) -> Any:
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - it is raised below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
