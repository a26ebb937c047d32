"""Which servers there are, and how the project is told where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.servers import harness
from tests.servers.harness import Site

HERE: Final = Path(__file__).parent
ASGI: Final = harness.SERVERS
SYNC, THREADS = "gunicorn", "gunicorn --worker-class gthread --threads 40"
GRANIAN: Final = "granian --interface wsgi --blocking-threads 40"
WSGI: Final = (SYNC, THREADS, GRANIAN)
GRACE: Final = 0.8
"""Seconds for what is finite, when a server is told to stop."""

TABLE: Final = f"stock_{uuid4().hex}"
INSERT: Final = f"insert into {TABLE} values ({{}}, {{}})"  # noqa: S608 - no name in it is anybody's
ROWS: Final = [(n, f"Item {n}") for n in range(1, 501)]

Start = Callable[[str], harness.Server]


def at_once(calls: Iterable[Callable[[], object]], *, one_by_one: bool = False) -> None:
    """Call them all, each in a thread, unless they would be in each other's way; the first that raises is raised."""
    with ThreadPoolExecutor(1 if one_by_one else 16) as pool:
        for future in [pool.submit(call) for call in calls]:
            future.result()


def site(name: str, sqlite_file: Path, attribute: str = "app", **environment: str) -> Site:
    """The project for a server of that name."""
    module = "wsgi" if name in WSGI else "asgi"
    settings = {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "GRACE": str(GRACE),
        "SQLITE_FILE": str(sqlite_file),
        "TABLE": TABLE,
    }
    return Site(f"project.{module}:{attribute}", (HERE, harness.HERE), {**settings, **environment})
