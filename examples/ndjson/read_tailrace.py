"""Read the stream with tailrace: `python -m examples.ndjson.read_tailrace [URL] [--async] [--pause SECONDS]`.

A connection is what the others build by hand: iterating over it gives whole objects.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import TYPE_CHECKING, Any

from tailrace import NDJSON, client
from tailrace.client import sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

URL = "http://localhost:8000/stream"
# The server has events, too, and a reader that may choose prefers those.
FORMAT = NDJSON()


class API:
    """The events behind one URL."""

    def __init__(self, url: str = URL) -> None:
        self.url = url

    def get(self) -> Iterator[Any]:
        """Whole objects; raises `tailrace.errors.StreamFailed` if the server failed, `Truncated` if it is cut off."""
        return iter(sync.connect(self.url, format=FORMAT))

    def get_async(self) -> AsyncIterator[Any]:
        """The same on an event loop."""
        return aiter(client.connect(self.url, format=FORMAT))


def main(url: str, pause: float) -> None:
    """Print what comes, with a pause after each object."""
    for valid_json_object in API(url).get():
        print(valid_json_object)
        time.sleep(pause)


async def main_async(url: str, pause: float) -> None:
    """The same on an event loop."""
    async for valid_json_object in API(url).get_async():
        print(valid_json_object)
        await asyncio.sleep(pause)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url", nargs="?", default=URL)
    parser.add_argument("--async", action="store_true", dest="on_a_loop", help="on an event loop")
    parser.add_argument("--pause", type=float, default=0.0)
    options = parser.parse_args()
    if options.on_a_loop:
        asyncio.run(main_async(options.url, options.pause))
    else:
        main(options.url, options.pause)
