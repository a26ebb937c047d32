"""The time, each second for 30 seconds.

    python -m examples.clock
    curl -N http://localhost:8000/time                                 # one JSON array
    curl -N -H 'Accept: application/x-ndjson' http://localhost:8000/time
    curl -N -H 'Accept: text/event-stream' http://localhost:8000/time

The events end with `event: end`, whose id a browser's EventSource sends when it connects again. It is
answered 204 then and stops; otherwise it would run the 30 seconds for ever:

    curl -i -H 'Accept: text/event-stream' -H 'Last-Event-ID: ~end' http://localhost:8000/time
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from examples.serving import serve
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

COUNT = 30


async def times(interval: float) -> AsyncIterator[dict[str, Any]]:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(1, COUNT + 1):
        yield {"time": datetime.now(UTC)}
        # Until the next full interval since the start: to sleep for one each time would fall behind.
        await asyncio.sleep(start + number * interval - loop.time())


def create_app(interval: float = 1.0) -> FastAPI:
    """The app, with `interval` seconds between two times."""
    app = FastAPI(description=__doc__)

    @app.get("/time")
    async def time() -> Stream:
        return Stream(times(interval))

    return app


if __name__ == "__main__":
    serve(create_app(), "/time")
