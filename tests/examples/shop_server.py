"""The Django shop, started as its page says to, behind uvicorn or gunicorn, on SQLite or PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx2
import psycopg

from tests.examples.serving import until
from tests.real import processes
from tests.real.ports import free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
ROWS: Final = 3000
TIMEOUT: Final = 20


@dataclass(frozen=True)
class Shop:
    """One that is open. `database` is the name of its database, `name` what that knows its connections by."""

    url: str
    server: str
    database: str
    name: str
    process: subprocess.Popen[Any]
    log: Path
    client: httpx2.Client
    """One for all: to make one means to read all certificates."""

    def get(self, path: str, accept: str = "*/*", **headers: str) -> httpx2.Response:
        """One whole answer."""
        return self.client.get(path, headers={"accept": accept, **headers})

    def order(self, customer: str, product: int = 1) -> dict[str, Any]:
        """Order something."""
        order = {"product": product, "customer": customer, "quantity": 2}
        response = self.client.post("/api/orders", json=order)
        assert response.status_code == 201, response.text
        return dict(response.json())

    def wrote(self) -> str:
        """Its whole log so far."""
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def schema(database_url: str, name: str) -> Iterator[str]:
    """The address of a schema of one's own in that database, for connections of that name."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'create schema "{name}"'.encode())
        try:
            sign = "&" if "?" in database_url else "?"
            yield f"{database_url}{sign}options=-csearch_path%3D{name}&application_name={name}"
        finally:
            connection.execute(f'drop schema "{name}" cascade'.encode())


@contextlib.contextmanager
def database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[str, str]]:
    """An empty database of a kind: its address, and the name of its connections."""
    name = f"shop_{uuid4().hex[:8]}"
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{name}.sqlite3", name
        return
    with schema(request.getfixturevalue("database_url"), name) as address:
        yield address, name


@contextlib.contextmanager
def opened(
    server: str, address: str, folder: Path, *, rows: int = ROWS, name: str = "", port: int = 0
) -> Iterator[Shop]:
    """The shop by its own command, which fills it where it is empty."""
    port = port or free_port()
    words = [sys.executable, "-m", "examples.django_shop", f"--port={port}", f"--rows={rows}"]
    shop = {"DATABASE_URL": address, "SHOP_PAUSE": "0.02", "SHOP_KEEP_ALIVE": "0.3"}
    # Not the settings of the tests' own process, where that has any.
    environment = {**os.environ, **shop, "DJANGO_SETTINGS_MODULE": "examples.django_shop.settings"}
    log = folder / f"{server}.log"
    with (
        contextlib.ExitStack() as opening,
        log.open("wb") as output,
        processes.running(
            words + ["--wsgi"] * (server == "gunicorn"),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        kind = address.partition(":")[0]
        url = f"http://127.0.0.1:{port}"
        client = opening.enter_context(httpx2.Client(base_url=url, timeout=TIMEOUT))
        shop = Shop(url, server, kind, name, process, log, client)
        until(lambda: answers(shop), f"{server} did not start: {shop.wrote()}", TIMEOUT)
        yield shop


def answers(shop: Shop) -> bool:
    assert shop.process.poll() is None, shop.wrote()
    with contextlib.suppress(httpx2.TransportError):
        return shop.get("/products/1/orders").status_code == 200
    return False
