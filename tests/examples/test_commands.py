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

from examples.ndjson.app import create_app
from tests.examples.serving import serving

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


def waits(pieces: Iterator[bytes], item: bytes) -> list[float]:
    """The seconds until the first item is there, and from then until the second is."""
    body, found, seconds = b"", 0, []
    began = time.monotonic()
    for piece in pieces:
        body += piece
        if body.count(item) > found:
            found = body.count(item)
            seconds.append(time.monotonic() - began)
            began = time.monotonic()
        if found == 2:
            break
    return seconds


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "interval", "item"),
    [
        pytest.param("ndjson", 0.5, b'"event_id": ', marks=pytest.mark.seed("V3")),
        pytest.param("counting", 1.0, b"Number: ", marks=pytest.mark.seed("G1")),
        pytest.param("updates", 1.0, b'"count":', marks=pytest.mark.seed("G3")),
        pytest.param("clock", 1.0, b'"time":', marks=pytest.mark.seed("E1")),
    ],
)
def test_an_example_starts_and_keeps_its_time(name: str, interval: float, item: bytes) -> None:
    with started(name) as url, requests.get(url, stream=True, timeout=TIMEOUT) as response:
        first, second = waits(response.iter_content(None), item)
    assert first < interval
    assert interval * 0.7 < second < interval + TIMEOUT


@pytest.mark.slow
@pytest.mark.seed("V7")
@pytest.mark.parametrize("reader", ["read_requests", "read_aiohttp", "read_httpx2", "read_tailrace"])
def test_a_reader_prints_the_objects(reader: str) -> None:
    with serving(create_app(0.01)) as url:
        command = [sys.executable, "-m", f"examples.ndjson.{reader}", f"{url}/stream"]
        printed = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=TIMEOUT
        )
    lines = printed.stdout.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "{'event_id': 9, 'data': 'some random data', 'is_last_event': True}"
