"""What every server sends: the same thousand rows over and over, and small events with their time."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

BLOCK = 1000
"""Rows come in multiples of this."""

PIECE = 64 * 1024
"""Bytes in a send where the application chooses."""

FIRST_STORED = 1_000_000
"""The id of the first row in the database; those behind it have as many digits."""

FOREVER = 3600.0

# Without a time zone: the encoders spell UTC in two ways.
_START = datetime(2026, 1, 31, 12)  # noqa: DTZ001 - see above
ROWS: list[dict[str, Any]] = [
    {
        "id": number,
        "name": f"Item number {number}",
        "price": round(0.99 + number * 1.37, 2),
        "created": _START + timedelta(minutes=number),
    }
    for number in range(BLOCK)
]


def sync_rows(count: int) -> Iterator[dict[str, Any]]:
    """`count` rows from a plain generator."""
    for _ in range(count // BLOCK):
        yield from ROWS


async def rows(count: int) -> AsyncIterator[dict[str, Any]]:
    """`count` rows from an async generator that never waits."""
    for _ in range(count // BLOCK):
        for row in ROWS:
            yield row


def schedule(tick: str) -> tuple[float, float]:
    """`INTERVAL@START` as the interval and what is left until the start, in seconds; "" is never again.

    Events start when the readers are all there, or the first ones' would slow the others' coming; but
    not all at the same moment.
    """
    if not tick:
        return FOREVER, FOREVER
    interval, _, start = tick.partition("@")
    stagger = random.random() * float(interval)  # noqa: S311 - no secret
    return float(interval), max(0.0, float(start) - time.monotonic()) + stagger


async def ticks(tick: str) -> AsyncIterator[dict[str, int]]:
    """An event at once, then as `schedule` has it, each with the monotonic time at which it was made."""
    interval, pause = schedule(tick)
    while True:
        yield {"t": time.monotonic_ns()}
        await asyncio.sleep(pause)
        pause = interval
