"""The Django shop behind uvicorn (ASGI) and gunicorn (WSGI), on SQLite and PostgreSQL, read by real programs."""

from __future__ import annotations

import asyncio
import csv
import itertools
import shutil
import signal
import subprocess
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx2
import jq
import msgspec
import psutil
import psycopg
import pytest

from tailrace.client import connect
from tailrace.client.sync import connect as connect_sync
from tests.examples.serving import until
from tests.examples.shop_server import ROWS, TIMEOUT, Shop, database, opened
from tests.servers.checks import CSV, JSON, JSON_SEQ, NDJSON, SSE, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.programs import Program

pytestmark = pytest.mark.timeout(60)
PROGRESSIVE = "application/x-progressive-json;v=2"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with database(request.param, request, tmp_path_factory.mktemp("shop")) as made:
        yield made


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def shop(
    request: pytest.FixtureRequest, address: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp(request.param)
    with opened(request.param, address[0], folder, name=address[1]) as shop:
        yield shop


class Product(msgspec.Struct):
    id: int
    name: str
    price: Decimal
    stock: int


@pytest.mark.parametrize("media_type", [JSON, NDJSON, CSV, SSE, JSON_SEQ])
def test_the_products_are_listed_in_the_format_that_is_asked_for(shop: Shop, media_type: str) -> None:
    response = shop.get("/products", media_type)
    assert response.headers["content-type"].partition(";")[0] == media_type
    products = parsed(media_type, response.content)
    assert [int(product["id"]) for product in products] == list(range(1, 101))
    assert products[1] == {**products[1], "name": "Beech bench"}
    assert Decimal(products[1]["price"]).as_tuple().exponent == -2


def test_a_format_that_there_is_not_is_a_406(shop: Shop) -> None:
    response = shop.get("/products", "image/png")
    assert response.status_code == 406
    assert NDJSON in response.json()["available"]


def test_curl_saves_all_orders_as_a_file(shop: Shop, curl: Program, tmp_path: Path) -> None:
    words = [curl.path, "-sS", "--fail", "--noproxy", "*", "-OJ", f"{shop.url}/orders/export.csv"]
    subprocess.run(words, cwd=tmp_path, env=curl.environment, check=True, timeout=TIMEOUT)
    with (tmp_path / "orders.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows) >= ROWS
    assert list(rows[0]) == ["id", "placed", "customer", "product__name", "quantity", "total"]
    assert [int(row["id"]) for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["total"] == str(Decimal(row["total"])) for row in rows)
    compressed = [curl.path, "-sS", "--compressed", "--noproxy", "*", f"{shop.url}/orders/export.csv"]
    again = subprocess.run(compressed, env=curl.environment, check=True, timeout=TIMEOUT, capture_output=True)
    assert again.stdout == (tmp_path / "orders.csv").read_bytes()


@pytest.mark.parametrize(("ending", "program"), [("json", ".[].id"), ("ndjson", ".id")])
def test_jq_reads_the_exports(shop: Shop, ending: str, program: str) -> None:
    response = shop.get(f"/orders/export.{ending}")
    assert response.headers["content-disposition"] == f'attachment; filename="orders.{ending}"'
    ids = jq.compile(program).input_text(response.text).all()
    assert ids == list(range(1, len(ids) + 1))
    assert len(ids) >= ROWS
    if shutil.which("jq"):
        words = ["jq", program]
        done = subprocess.run(words, input=response.content, capture_output=True, check=True, timeout=TIMEOUT)
        assert done.stdout.split() == [b"%d" % id_ for id_ in ids]


def test_the_readers_read_it_typed(shop: Shop) -> None:
    async def read() -> list[Product]:
        return [product async for product in connect(f"{shop.url}/products", type=Product)]

    products = list(connect_sync(f"{shop.url}/products", type=Product))
    assert len(products) == 100
    assert asyncio.run(read()) == products


def test_errors_before_the_first_item_have_their_status(shop: Shop) -> None:
    assert shop.get("/products/1/orders", NDJSON).status_code == 200
    for path in ("/products/777/orders", "/orders/export.xml", "/nothing"):
        assert shop.get(path).status_code == 404, path
    assert shop.get("/audit/live", **{"last-event-id": "many"}).status_code == 400


def test_the_dashboard_comes_in_parts_or_whole(shop: Shop) -> None:
    async def read() -> dict[str, Any]:
        async with connect(f"{shop.url}/dashboard") as page:
            shell = page.value
            assert (shell["now"], shell["revenue"]) == (page["now"].value, None)
            assert len(await page["days"]) == 14
            assert sorted((await page["best"])[0]) == ["name", "sold"]
            finished: dict[str, Any] = await page.document
            return finished

    lines = shop.get("/dashboard", PROGRESSIVE)
    assert lines.headers["content-type"] == PROGRESSIVE
    assert len(lines.content.splitlines()) > 5
    whole = shop.get("/dashboard").json()
    assert whole["orders"] >= ROWS
    assert Decimal(whole["revenue"]) > 0
    assert whole["short"][0]["stock"] < 20
    assert {**asyncio.run(read()), "now": None} == {**whole, "now": None}


def test_rest_framework_streams_and_validates(shop: Shop) -> None:
    taken = shop.order("Ada")
    orders = parsed(NDJSON, shop.get("/api/orders", NDJSON).content)
    assert len(orders) > ROWS
    assert orders[-1] == taken
    assert shop.get("/api/orders", SSE).headers["content-type"].startswith(SSE)
    refused = shop.client.post("/api/orders", json={"product": 777})
    assert (refused.status_code, sorted(refused.json())) == (400, ["customer", "product"])


def test_the_audit_log_is_read_while_it_is_written_and_from_where_one_was(shop: Shop) -> None:
    with connect_sync(f"{shop.url}/audit/live") as live:
        orders = [shop.order(f"customer {n}")["id"] for n in range(3)]
        seen: list[tuple[str | None, Any]] = []
        for entry in live:
            seen.append((live.last_event_id, entry))
            if entry["detail"]["order"] == orders[-1]:
                break
    (first_id, first), *others = seen[-3:]
    assert first_id == str(first["id"])
    assert [entry["detail"]["order"] for _, entry in seen[-3:]] == orders
    with connect_sync(f"{shop.url}/audit/live", last_event_id=first_id) as live:
        assert list(itertools.islice(live, 2)) == [entry for _, entry in others]


def test_a_silent_log_says_that_it_lives(shop: Shop) -> None:
    with shop.client.stream("GET", "/audit/live", headers={"accept": SSE}) as response:
        body = b""
        for piece in response.iter_raw():
            body += piece
            if body.endswith(b"\n:\n\n:\n\n"):
                break


def test_no_entry_is_lost_though_many_write(shop: Shop) -> None:
    """Fails where the numbers of entries are not in the order in which they are committed."""

    async def buy(count: int) -> list[int]:
        async with httpx2.AsyncClient(base_url=shop.url, timeout=TIMEOUT) as client:

            async def order(customer: str) -> int:
                placed = await client.post("/api/orders", json={"product": 2, "customer": customer})
                return int(placed.json()["id"])

            placed = await asyncio.gather(*(order("one of many") for _ in range(count)))
            return [*placed, await order(f"the last of {shop.server}")]

    async def read(count: int) -> tuple[list[int], list[int]]:
        found: list[int] = []
        async with connect(f"{shop.url}/audit/live") as entries:
            buying = asyncio.create_task(buy(count))
            async for entry in entries:
                found.append(entry["detail"]["order"])
                if entry["detail"]["customer"] == f"the last of {shop.server}":
                    break
        return found, await buying

    found, bought = asyncio.run(asyncio.wait_for(read(40), TIMEOUT))
    assert set(bought) <= set(found)
    assert len(found) == len(set(found))


def test_no_connection_to_the_database_is_left(shop: Shop, address: tuple[str, str]) -> None:
    for path in ("/products", "/orders/export.csv", "/dashboard", "/api/orders", "/products/777/orders"):
        shop.get(path)
    shop.order("Ada")
    with connect_sync(f"{shop.url}/audit/live") as entries:
        next(iter(entries))
    with shop.client.stream("GET", "/api/orders", headers={"accept": NDJSON}) as response:
        next(response.iter_raw(10))
    until(lambda: not connections(shop, address[0]), "connections are left")


def connections(shop: Shop, address: str) -> int:
    """How many the server has: PostgreSQL counts them, SQLite's are open files."""
    if shop.database == "postgresql":
        query = "select count(*) from pg_stat_activity where application_name = %s"
        with psycopg.connect(address.partition("?")[0], autocommit=True) as connection:
            (count,) = connection.execute(query, [shop.name]).fetchone() or (0,)
            return int(count)
    server = psutil.Process(shop.process.pid)
    open_files = [
        file.path for one in (server, *server.children(recursive=True)) for file in one.open_files()
    ]
    return sum(address.endswith(path) for path in open_files)


def test_nothing_alarms_in_the_log(shop: Shop) -> None:
    """What all the tests before have left there; that somebody asked for what is not there is Django's to warn of."""
    lines = shop.wrote().splitlines()
    assert [line for line in lines if "ERROR" in line or " tailrace: " in line] == []


def test_the_log_ends_when_the_server_is_told_to_stop(shop: Shop) -> None:
    """The very last: without an end, so that an EventSource comes back."""
    shop.order("last")
    with shop.client.stream("GET", "/audit/live", headers={"accept": SSE}) as response:
        pieces = response.iter_raw()
        body = next(pieces)
        shop.process.send_signal(signal.SIGTERM)
        body += b"".join(pieces)
    assert b"\nretry: " in body
    assert b"event: end" not in body
    shop.client.close()  # gunicorn waits for connections that are kept
    shop.process.wait(TIMEOUT)
