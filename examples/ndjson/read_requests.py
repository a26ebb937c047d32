"""Read the stream with requests: `python -m examples.ndjson.read_requests [URL]`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import requests

from tailrace import NDJSON

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {"Accept": "application/x-ndjson"}
PIECE = 16  # bytes
TIMEOUT = 30  # seconds without a byte


class API:
    """The events behind one URL."""

    def __init__(self, url: str = "http://localhost:8000/stream") -> None:
        self.url = url

    def get(self) -> Iterator[Any]:
        """Whole objects, wherever the bytes are cut; raises `tailrace.errors.StreamFailed` if the server failed."""
        decoder = NDJSON().decoder()
        for piece in self.pieces():
            yield from decoder.feed(piece)
        yield from decoder.finish()

    def lines(self) -> Iterator[Any]:
        """The same by lines, which is enough where nothing but LF ends one: `iter_lines` of bytes."""
        with self._open() as response:
            for line in response.iter_lines():
                yield json.loads(line)

    def pieces(self) -> Iterator[bytes]:
        """Bytes, 16 at a time, which is mostly the middle of an object."""
        with self._open() as response:
            yield from response.iter_content(PIECE)

    def _open(self) -> requests.Response:
        response = requests.get(self.url, headers=HEADERS, stream=True, timeout=TIMEOUT)
        response.raise_for_status()
        return response


if __name__ == "__main__":
    api = API(*sys.argv[1:])
    for valid_json_object in api.get():
        print(valid_json_object)
