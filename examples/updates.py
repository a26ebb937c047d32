"""Events without an end: `Connection established`, then a count each second until the reader leaves.

    python -m examples.updates
    curl -N http://localhost:8000/sse-updates        # Ctrl-C, and look at what the server prints

The source does not ask whether the reader is still there. When the reader leaves, the source is
cancelled where it waits: its `finally` runs, and may `await`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from examples.serving import serve
from tailrace import NDJSON, Event, EventStream
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tailrace import Outcome

log = logging.getLogger(__name__)


async def updates(interval: float) -> AsyncIterator[Event | dict[str, Any]]:
    yield Event("Connection established")
    count = 0
    try:
        while True:
            count += 1
            yield {"count": count, "timestamp": time.time()}
            await asyncio.sleep(interval)
    finally:
        await asyncio.sleep(0)  # as a database would be told here: the clean-up is not cancelled again
        log.info("the source was closed after %d updates", count)


def tell(outcome: Outcome) -> None:
    log.info("%s after %d items and %.1f s", outcome.reason, outcome.items, outcome.duration)


def create_app(interval: float = 1.0) -> FastAPI:
    """The app, with `interval` seconds between two updates."""
    app = FastAPI(description=__doc__)

    @app.get("/sse-updates")
    async def sse_updates() -> Stream:
        return Stream(updates(interval), formats=[EventStream(), NDJSON()], on_finish=tell)

    return app


if __name__ == "__main__":
    serve(create_app(), "/sse-updates")
