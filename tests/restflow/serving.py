"""The servers that restflow's page runs on, each started once."""

from __future__ import annotations

import contextlib
import shutil
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from django.db import connections

from tests.django.plugin import Product, fill
from tests.servers.harness import Server, Site, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).parents[2]
SERVERS: Final = {"uvicorn": "asgi", "gunicorn --worker-class gthread --threads 8": "wsgi"}
UVICORN, GUNICORN = SERVERS
ON_ASGI = pytest.mark.parametrize("server", [UVICORN], ids=["asgi"], indirect=True)
ON_WSGI = pytest.mark.parametrize("server", [GUNICORN], ids=["wsgi"], indirect=True)
ORDERS: Final = 8

_runs = count(1)


def new_run() -> str:
    """A name under which the project records one stream."""
    return f"run{next(_runs)}"


@pytest.fixture(scope="session")
def served(database: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - it has the tables
    """A database with orders in it, apart from that of the tests' own process."""
    fill(ORDERS)
    connections.close_all()
    file = tmp_path_factory.mktemp("restflow") / "served.sqlite3"
    shutil.copy(connections.settings["default"]["NAME"], file)
    Product.objects.all().delete()
    connections.close_all()
    return file


@pytest.fixture(scope="session")
def _start(served: Path) -> Iterator[Callable[[str], Server]]:
    with contextlib.ExitStack() as stack:
        started: dict[str, Server] = {}

        def start(name: str) -> Server:
            if name not in started:
                environment = {"DJANGO_SETTINGS_MODULE": "tests.restflow.site", "SHOP": str(served)}
                site = Site(f"tests.restflow.serve:{SERVERS[name]}", (ROOT,), environment)
                own = running(name, middleware=False, app=site, logs=served.parent)
                started[name] = stack.enter_context(own)
            return started[name]

        yield start


@pytest.fixture(params=SERVERS, ids=["asgi", "wsgi"])
def server(request: pytest.FixtureRequest, _start: Callable[[str], Server]) -> Server:
    """Ours and restflow's behind a server of each kind."""
    return _start(request.param)
