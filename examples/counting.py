"""Numbers as plain text, one each second.

    python -m examples.counting
    curl -N http://localhost:8000/stream-numbers

Without -N curl keeps what it prints until a few lines are there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import FastAPI

from examples.serving import serve
from tailrace import Text
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def numbers(interval: float) -> AsyncIterator[str]:
    for number in range(1, 11):
        yield f"Number: {number}\n"
        await asyncio.sleep(interval)


def create_app(interval: float = 1.0) -> FastAPI:
    """The app, with `interval` seconds between two numbers."""
    app = FastAPI(description=__doc__)

    @app.get("/stream-numbers")
    async def stream_numbers() -> Stream:
        return Stream(numbers(interval), formats=[Text()])

    return app


if __name__ == "__main__":
    serve(create_app(), "/stream-numbers")
