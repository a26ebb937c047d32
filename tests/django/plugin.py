"""Django in the tests' own process, for every conftest that imports this: set up once, with one database.

The tables are made in a file, which other threads see too, without a transaction around the test: what a test
writes, the fixture `shop` takes away.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django.site"

import django
from django.core.management import call_command
from django.db import connections

django.setup()

from tests.django.shop.models import Order, Product  # noqa: E402 - models need Django to be set up
from tests.django.site import NOT_MADE  # noqa: E402 - for the same reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fill = Callable[..., None]

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tables, and no connection left behind."""
    default = connections.settings["default"]
    if default["NAME"] == NOT_MADE:  # another folder's conftest may have made them
        default["NAME"] = tmp_path_factory.mktemp("django") / "shop.sqlite3"
        call_command("migrate", run_syncdb=True, verbosity=0)
    yield
    connections.close_all()


@pytest.fixture
def shop(database: None) -> Iterator[Fill]:  # noqa: ARG001 - it makes the tables
    """Fills the shop: `shop(10)` makes three products and ten orders, numbered from 1."""
    yield fill
    Product.objects.all().delete()
    connections.close_all()


@pytest.fixture(scope="session")
def tables(database: None, database_url: str) -> Iterator[str]:  # noqa: ARG001 - Django is ready
    """The same tables in PostgreSQL, under the alias `pg`, in a schema that goes with them."""
    schema = f"tailrace_{uuid4().hex}"
    parts = urlsplit(database_url)
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        connections.settings["pg"] = connections.settings["default"] | {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username or "",
            "PASSWORD": parts.password or "",
            "HOST": parts.hostname or "",
            "PORT": parts.port or "",
            "OPTIONS": {"options": f"-c search_path={schema}", "application_name": schema},
        }
        call_command("migrate", run_syncdb=True, verbosity=0, database="pg")
        yield schema
        connections["pg"].close()
        del connections["pg"], connections.settings["pg"]
        admin.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))


@pytest.fixture
def pg(tables: str, database_url: str) -> Iterator[Activity]:
    """The alias `pg`, empty, and who is connected to it."""
    with psycopg.connect(database_url, autocommit=True) as observer:
        yield Activity(observer, tables)
    connections["pg"].close()  # it may be broken
    Product.objects.using("pg").all().delete()
    connections["pg"].close()


class Activity:
    """The connections to `pg`, as PostgreSQL sees them."""

    def __init__(self, observer: psycopg.Connection, name: str) -> None:
        self._observer = observer
        self._name = name

    def states(self) -> list[str]:
        """Of each connection: "idle", "active", "idle in transaction"."""
        rows = self._observer.execute(
            "SELECT state FROM pg_stat_activity WHERE application_name = %s ORDER BY state", [self._name]
        )
        return [state for (state,) in rows]

    def terminate(self) -> None:
        """Have the server end them."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
        self._observer.execute(query, [self._name])

    def becomes(self, states: list[str]) -> bool:
        """Whether they are so within five seconds: a server's process ends some time after its connection."""
        deadline = time.monotonic() + 5
        while (now := self.states()) != states and time.monotonic() < deadline:
            time.sleep(0.01)
        return now == states


def fill(orders: int, using: str = "default") -> None:
    """Three products and so many orders, all with known values."""
    products = [
        Product(pk=number, name=f"product {number}", price=Decimal(number) + Decimal("0.50"), created=START)
        for number in (1, 2, 3)
    ]
    Product.objects.using(using).bulk_create(products)
    Order.objects.using(using).bulk_create(
        Order(
            pk=number,
            product_id=number % 3 + 1,
            total=Decimal(number) / 4,
            created=START + timedelta(minutes=number),
        )
        for number in range(1, orders + 1)
    )
