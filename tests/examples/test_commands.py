"""Each example as its docstring says to start it: `python -m examples.NAME`."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 20


@contextmanager
def started(name: str) -> Iterator[str]:
    """The address that the example prints."""
    command = [sys.executable, "-m", f"examples.{name}", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "interval", "begins"),
    [
        pytest.param("ndjson", 0.5, b'{"event_id": 0, ', marks=pytest.mark.seed("V3")),
        pytest.param("counting", 1.0, b"Number: 1\n", marks=pytest.mark.seed("G1")),
        pytest.param("updates", 1.0, b":\n\ndata: Connection established\n\n", marks=pytest.mark.seed("G3")),
        pytest.param("clock", 1.0, b'[{"time":"20', marks=pytest.mark.seed("E1")),
    ],
)
def test_an_example_starts_and_keeps_its_time(name: str, interval: float, begins: bytes) -> None:
    with started(name) as url, requests.get(url, stream=True, timeout=TIMEOUT) as response:
        pieces = response.iter_content(None)
        began = time.monotonic()
        first = next(pieces)
        assert first.startswith(begins)
        assert time.monotonic() - began < interval
        while len(first) == len(begins):  # the word and the first count may have come one by one
            first = next(pieces)
        began = time.monotonic()
        next(pieces)
        assert interval * 0.7 < time.monotonic() - began < TIMEOUT


@pytest.mark.slow
@pytest.mark.seed("V7")
@pytest.mark.parametrize("reader", ["read_requests", "read_aiohttp", "read_httpx2"])
def test_a_reader_prints_the_objects(reader: str) -> None:
    with started("ndjson") as url:
        command = [sys.executable, "-m", f"examples.ndjson.{reader}", url]
        printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=TIMEOUT)
    lines = printed.stdout.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "{'event_id': 9, 'data': 'some random data', 'is_last_event': True}"
