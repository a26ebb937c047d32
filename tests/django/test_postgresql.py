"""Rows of a real PostgreSQL: fetched in chunks, and the connection given back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import OperationalError, connections, transaction
from django.db.models import Prefetch
from django.db.models.sql.compiler import SQLCompiler
from django.test import override_settings

from tailrace.django import from_queryset
from tests.django.plugin import fill
from tests.django.shop.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.django.plugin import Activity, Fill

orders = Order.objects.using("pg")
SHAPES: dict[str, Any] = {
    "models": orders.all(),
    "values": orders.values("id"),
    "prefetch_related": orders.prefetch_related("product"),
    "raw": orders.raw("SELECT id, total FROM shop_order ORDER BY id"),
}


@pytest.fixture
def five(pg: Activity) -> Iterator[Activity]:
    fill(5, using="pg")
    connections["pg"].close()
    assert pg.becomes([])
    yield pg
    assert pg.becomes([]), "a connection is held"


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each look at a server-side cursor has brought."""
    counts: list[int] = []
    fetchmany = psycopg.ServerCursor.fetchmany

    def counting(cursor: Any, size: int = 0) -> list[Any]:
        rows = fetchmany(cursor, size)
        counts.append(len(rows))
        return rows

    monkeypatch.setattr(psycopg.ServerCursor, "fetchmany", counting)
    return counts


@pytest.mark.parametrize("pooler", [False, True], ids=["direct", "DISABLE_SERVER_SIDE_CURSORS"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_more_than_a_chunk_is_fetched_at_a_time(
    five: Activity,
    fetches: list[int],
    monkeypatch: pytest.MonkeyPatch,
    shape: str,
    pooler: bool,  # noqa: FBT001 - of pytest's
) -> None:
    """Django itself fetches all where a pooler of transactions is in between."""
    monkeypatch.setitem(connections["pg"].settings_dict, "DISABLE_SERVER_SIDE_CURSORS", pooler)
    rows = iter(from_queryset(SHAPES[shape], 2))
    assert next(rows)["id"] == 1
    assert fetches == [2]
    assert five.becomes(["idle in transaction" if pooler else "idle"])
    assert [row["id"] for row in rows] == [2, 3, 4, 5]
    assert fetches[:3] == [2, 2, 1]
    assert five.becomes([])


@pytest.mark.parametrize("ends", ["leaves", "fails", "makes no item"])
@pytest.mark.usefixtures("five")
def test_what_a_reader_writes_stays_written(monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    """It knows of no transaction, and has none where the setting is off."""
    monkeypatch.setitem(connections["pg"].settings_dict, "DISABLE_SERVER_SIDE_CURSORS", "yes")
    products = Product.objects.using("pg")

    def read(patch: pytest.MonkeyPatch) -> None:
        for row in from_queryset(orders.values("id"), 1):
            products.filter(pk=row["id"]).update(name="read")
            if ends == "leaves":
                return
            if ends == "fails":
                raise ZeroDivisionError
            patch.setattr(SQLCompiler, "results_iter", lambda *_: 1 // 0)

    with monkeypatch.context() as patch:
        if ends == "leaves":
            read(patch)
        else:
            with pytest.raises(ZeroDivisionError):
                read(patch)
    assert not connections["pg"].in_atomic_block
    assert products.get(pk=1).name == "read"
    connections["pg"].close()


@pytest.mark.parametrize("shape", ["models", "values", "prefetch_related"])
def test_by_key_no_connection_is_held_between_batches(five: Activity, fetches: list[int], shape: str) -> None:
    rows = iter(from_queryset(SHAPES[shape], 2, keyset=True))
    for number in (1, 2, 3):
        assert next(rows)["id"] == number
        assert five.becomes([])
    assert [row["id"] for row in rows] == [4, 5]
    assert fetches == []


def test_a_connection_that_was_open_stays_open_without_a_cursor(five: Activity) -> None:
    assert orders.count() == 5
    for keyset in (False, True):
        rows: Any = iter(from_queryset(orders, 2, keyset))
        next(rows)
        rows.close()
        assert five.states() == ["idle"]
        with connections["pg"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors")
            assert cursor.fetchone() == (0,)
    connections["pg"].close()


def test_within_a_transaction_the_connection_is_the_transaction_s(five: Activity) -> None:
    with transaction.atomic(using="pg"):
        orders.filter(pk=5).delete()
        assert [item["id"] for item in from_queryset(orders, 2)] == [1, 2, 3, 4]
        assert [item["id"] for item in from_queryset(orders, 2, keyset=True)] == [1, 2, 3, 4]
        assert five.states() == ["idle in transaction"]
        transaction.set_rollback(True, using="pg")
    assert orders.count() == 5
    connections["pg"].close()


def test_an_async_reader_that_leaves_gives_the_connection_back(five: Activity, fetches: list[int]) -> None:
    async def read() -> None:
        rows: Any = aiter(from_queryset(orders, 2))
        assert [(await anext(rows))["id"] for _ in range(3)] == [1, 2, 3]
        assert fetches == [2, 2]
        assert five.states() == ["idle"]
        await rows.aclose()
        assert five.becomes([])

    asyncio.run(read())


def test_an_async_reader_gives_back_what_its_thread_has_opened_besides(five: Activity, shop: Fill) -> None:
    shop(2)
    elsewhere = Prefetch("product", Product.objects.using("pg"))
    rows = from_queryset(Order.objects.prefetch_related(elsewhere), 1)

    async def read() -> None:
        reader: Any = aiter(rows)
        assert (await anext(reader))["product"]["id"] == 2
        assert five.states() == ["idle"]
        await reader.aclose()
        assert five.becomes([])

    asyncio.run(read())


def test_a_server_that_goes_away_is_an_error_and_no_end(five: Activity) -> None:
    rows = iter(from_queryset(orders, 2))
    next(rows)
    five.terminate()
    assert five.becomes([])
    assert next(rows)["id"] == 2
    with pytest.raises(OperationalError):
        next(rows)


@pytest.mark.parametrize("zone", [None, "Europe/Vienna"])
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.usefixtures("five")
def test_times_are_those_that_django_loads(
    monkeypatch: pytest.MonkeyPatch,
    zone: str | None,
    aware: bool,  # noqa: FBT001 - of pytest's
) -> None:
    with override_settings(USE_TZ=aware):
        connection = connections["pg"]
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", zone if aware else None)
        for name in ("timezone", "timezone_name"):
            connection.__dict__.pop(name, None)
        moments = [datetime(2026, 7, 1, 12, 30, 15, 123456), datetime(1900, 1, 1), datetime(2026, 10, 25, 1)]  # noqa: DTZ001 - naive on purpose
        Product.objects.using("pg").bulk_create(
            Product(pk=10 + at, name="", price=1, created=moment.replace(tzinfo=UTC if aware else None))
            for at, moment in enumerate(moments)
        )
        later = (
            Product.objects.using("pg").filter(pk__gte=10).order_by("pk").values_list("created", flat=True)
        )
        ours, djangos = list(from_queryset(later)), list(later.iterator())
        assert ours == djangos
        assert [moment.utcoffset() for moment in ours] == [moment.utcoffset() for moment in djangos]
        assert (ours[0].utcoffset() is None) is not aware
        assert zone is None or not aware or ours[0].utcoffset() == timedelta(hours=2)
        connection.close()
    for name in ("timezone", "timezone_name"):
        connection.__dict__.pop(name, None)
