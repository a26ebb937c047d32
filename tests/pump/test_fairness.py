"""A source that never suspends leaves the loop to others, whatever it yields and however long it takes."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import NDJSON, Bytes, Event, EventStream, Text

from .client import Exchange, longest_pause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tailrace.formats import Format

BOUND = 64 * 1024
SLACK = 16 * 1024


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


async def slow(seconds: float) -> AsyncIterator[int]:
    while True:
        busy(seconds)
        yield 1


async def brisk_then_slow() -> AsyncIterator[int]:
    for _ in range(200):
        yield 1
    while True:
        busy(0.005)
        yield 1


async def silent() -> AsyncIterator[Event]:
    while True:
        yield Event(comment="nothing")


async def half_silent() -> AsyncIterator[Any]:
    while True:
        yield "x" * 1000
        yield Event(comment="nothing")


async def empty() -> AsyncIterator[str]:
    while True:
        yield ""


@pytest.mark.parametrize(
    ("source", "format_"),
    [
        pytest.param(lambda: slow(0.0006), NDJSON(), id="0.6 ms an item"),
        pytest.param(lambda: slow(0.002), NDJSON(), id="2 ms an item"),
        pytest.param(brisk_then_slow, NDJSON(), id="brisk, then slow"),
        pytest.param(silent, NDJSON(), id="nothing to say"),
        pytest.param(half_silent, NDJSON(), id="every other item says nothing"),
        pytest.param(empty, Text(), id="empty text"),
    ],
)
def test_others_get_their_turn(source: Any, format_: Format) -> None:
    # 5 ms is what is promised; the machine that runs the tests has other things to do as well.
    pause = asyncio.run(longest_pause(Exchange().run(source(), formats=[format_]), 0.6))
    assert pause < 0.25


def test_a_turn_lasts_five_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only the source moves: a millisecond an item."""
    now = [0.0]
    for module in ("_drive", "_sink", "_source", "_watched"):
        monkeypatch.setattr(f"tailrace.{module}.monotonic", lambda: now[0])
    turns: list[int] = []

    async def source() -> AsyncIterator[int]:
        loop = asyncio.get_running_loop()

        def turn() -> None:
            turns.append(number)
            loop.call_soon(turn)

        number = 0
        loop.call_soon(turn)
        for number in range(1000):
            now[0] += 0.001
            yield number
        turns.append(number)

    asyncio.run(Exchange().run(source(), formats=[NDJSON()]))
    assert max(after - before for before, after in pairwise(turns)) <= 6


@pytest.mark.parametrize(
    ("format_", "size", "most"),
    [(Bytes(), 2**20, 2**20), (NDJSON(), 2**18, 16 * 2**18), (NDJSON(), 8192, 16 * 8192)],
    ids=["bytes", "large items", "middling items"],
)
def test_items_that_grow_suddenly_are_bounded_too(format_: Format, size: int, most: int) -> None:
    """Until it is seen that they have grown: at the next of them in a file, after 16 of them elsewhere."""
    small: Any = b"x" if isinstance(format_, Bytes) else 1
    large: Any = b"x" * size if isinstance(format_, Bytes) else "x" * size

    async def source() -> AsyncIterator[Any]:
        for _ in range(1000):
            yield small
        for _ in range(40):
            yield large

    bodies = asyncio.run(Exchange().run(source(), formats=[format_])).bodies
    sizes = [len(body) for body in bodies if len(body) > size // 2]
    assert max(sizes) < most + BOUND + SLACK
    assert max(sizes[1:]) < size + BOUND + SLACK


@pytest.mark.parametrize("format_", [NDJSON(), EventStream()])
def test_what_is_sent_at_once_is_bounded(format_: Format) -> None:
    async def ones() -> AsyncIterator[int]:
        for _ in range(100_000):
            yield 1

    exchange = asyncio.run(Exchange().run(ones(), formats=[format_]))
    assert max(map(len, exchange.bodies)) < BOUND + SLACK
    assert exchange.reason == "complete"


def test_silent_items_do_not_gather_the_others() -> None:
    async def some() -> AsyncIterator[Any]:
        for _ in range(500):
            yield "x" * 1000
            yield Event(comment="nothing")

    exchange = asyncio.run(Exchange().run(some(), formats=[NDJSON()]))
    assert max(map(len, exchange.bodies)) < BOUND + SLACK
    assert exchange.body.count(b"\n") == 500
