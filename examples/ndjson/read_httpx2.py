"""Read the stream with httpx2: `python -m examples.ndjson.read_httpx2 [URL]`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import httpx2

from tailrace import NDJSON

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {"Accept": "application/x-ndjson"}
TIMEOUT = 30  # seconds without a byte


class API:
    """The events behind one URL."""

    def __init__(self, url: str = "http://localhost:8000/stream") -> None:
        self.url = url

    def get(self) -> Iterator[Any]:
        """Whole objects, wherever the bytes are cut; raises `tailrace.errors.StreamFailed` if the server failed."""
        decoder = NDJSON().decoder()
        with httpx2.stream("GET", self.url, headers=HEADERS, timeout=TIMEOUT) as response:
            response.raise_for_status()
            for piece in response.iter_bytes():
                yield from decoder.feed(piece)
        yield from decoder.finish()


if __name__ == "__main__":
    api = API(*sys.argv[1:])
    for valid_json_object in api.get():
        print(valid_json_object)
