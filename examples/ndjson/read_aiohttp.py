"""Read the stream with aiohttp: `python -m examples.ndjson.read_aiohttp [URL] [--pause SECONDS]`.

With a pause it reads more slowly than the server writes. The server then waits, and nothing is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from tailrace import NDJSON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEADERS = {"Accept": "application/x-ndjson"}
URL = "http://localhost:8000/stream"


class API:
    """The events behind one URL."""

    def __init__(self, url: str = URL) -> None:
        self.url = url

    async def get(self) -> AsyncIterator[Any]:
        """Whole objects, of any length; raises `tailrace.errors.StreamFailed` if the server failed."""
        decoder = NDJSON().decoder()
        async with self._open() as response:
            async for piece in response.content.iter_any():
                for item in decoder.feed(piece):
                    yield item
        for item in decoder.finish():
            yield item

    async def lines(self) -> AsyncIterator[Any]:
        """The same by lines."""
        async with self._open() as response:
            while line := await response.content.readline():
                yield json.loads(line)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[aiohttp.ClientResponse]:
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.get(self.url, headers=HEADERS) as response,
        ):
            yield response


async def main(url: str, pause: float) -> None:
    """Print what comes, with a pause after each object."""
    async for valid_json_object in API(url).get():
        print(valid_json_object)
        await asyncio.sleep(pause)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url", nargs="?", default=URL)
    parser.add_argument("--pause", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(main(options.url, options.pause))
