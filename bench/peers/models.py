"""The rows as pydantic models."""

from collections.abc import AsyncIterator
from datetime import datetime

from pydantic import BaseModel

from bench.peers.rows import BLOCK, ROWS


class Row(BaseModel):
    """One row."""

    id: int
    name: str
    price: float
    created: datetime


MODELS = [Row(**row) for row in ROWS]


async def models(count: int) -> AsyncIterator[Row]:
    """`count` rows from an async generator that never waits."""
    for _ in range(count // BLOCK):
        for model in MODELS:
            yield model
