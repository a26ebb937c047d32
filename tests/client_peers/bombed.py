"""A program that reads streams one after the other, and says of each what came of it and how much memory was taken.

`python bombed.py READER URL…`: one of `READERS`, those of tailrace or, to compare, httpx2's own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx2

from tailrace import Limits
from tailrace.client import connect, sync

TOTAL = 2 * 1024 * 1024
"""Of what has no other limit: items, and what is none."""


def peak() -> float:
    """The most memory that this process has had, in MiB; what it was before it became this program does not count."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def options(url: str) -> dict[str, Any]:
    return {"limits": Limits(total=TOTAL) if "total" in url else Limits(), "resume": False}


def read(url: str) -> int:
    return sum(1 for _ in sync.connect(url, **options(url)))


async def _read_async(url: str) -> int:
    count = 0
    async for _ in connect(url, **options(url)):
        count += 1
    return count


def read_async(url: str) -> int:
    return asyncio.run(_read_async(url))


def httpx2_lines(url: str) -> int:
    with httpx2.stream("GET", url) as response:
        return sum(1 for _ in response.iter_lines())


def httpx2_events(url: str) -> int:
    with httpx2.Client() as client, client.sse(url) as events:
        return sum(1 for _ in events)


READERS = {"sync": read, "async": read_async, "httpx2 lines": httpx2_lines, "httpx2 events": httpx2_events}


def main(reader: str, *urls: str) -> None:
    for url in urls:
        error = None
        try:
            READERS[reader](url)
        except Exception as raised:  # noqa: BLE001 - the test says which it has to be
            error = f"{type(raised).__name__}: {raised}"
        print(json.dumps({"error": error, "peak": peak()}), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
