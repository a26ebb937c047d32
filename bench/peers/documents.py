"""The documents that are measured, each made anew: what is missing in them can be awaited once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HOLES = 10
"""In a large tree."""

ROWS_PER_MB = 10_000

MARK = "Item "
"""Stands in a body once for each hole, each element, each row, and each piece of a text."""


def row(number: int) -> dict[str, Any]:
    """What is there of a large tree: some 100 bytes of JSON."""
    return {
        "id": number,
        "name": f"{MARK}{number}",
        "price": number % 1000 + 0.25,
        "created": "2026-01-31T12:00:00",
        "tags": ["new", "sale"],
    }


async def _small(number: int) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"id": number, "name": f"{MARK}{number}"}


async def _level(number: int) -> dict[str, Any]:
    await asyncio.sleep(0)
    inner = _level(number - 1) if number > 1 else None
    return {"id": number, "name": f"{MARK}{number}", "next": inner}


async def _elements(count: int) -> AsyncIterator[dict[str, Any]]:
    for number in range(count):
        await asyncio.sleep(0)
        yield {"id": number, "name": f"{MARK}{number}"}


async def _pieces(count: int) -> AsyncIterator[str]:
    for _ in range(count):
        await asyncio.sleep(0)
        yield MARK


def wide(count: int) -> dict[str, Any]:
    """`count` holes beside each other."""
    return {f"h{number}": _small(number) for number in range(count)}


def deep(count: int) -> dict[str, Any]:
    """`count` holes, each in the value of the one before."""
    return {"next": _level(count)}


def beside(megabytes: int, hole: Callable[[int], Any] = _small) -> dict[str, Any]:
    """A large tree of ten sections, and in each a list of rows and a hole."""
    rows = megabytes * ROWS_PER_MB // HOLES
    return {
        f"s{section}": {"rows": [row(number) for number in range(rows)], "hole": hole(section)}
        for section in range(HOLES)
    }


def within(megabytes: int, hole: Callable[[int], Any] = _small) -> dict[str, Any]:
    """A large tree that is one list of rows; ten of them have a hole."""
    rows = [row(number) for number in range(megabytes * ROWS_PER_MB)]
    for number in range(HOLES):
        rows[number * len(rows) // HOLES]["hole"] = hole(number)
    return {"rows": rows}


def pushes(count: int) -> dict[str, Any]:
    """A list that grows by one element at a time."""
    return {"list": _elements(count)}


def text(count: int) -> dict[str, Any]:
    """A text that grows by one piece at a time."""
    return {"text": _pieces(count)}


DOCUMENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "wide": wide,
    "deep": deep,
    "beside": beside,
    "within": within,
    "pushes": pushes,
    "text": text,
}


def filled(shape: str, count: int) -> dict[str, Any]:
    """A large tree with values where its holes are."""
    large: dict[str, Callable[..., dict[str, Any]]] = {"beside": beside, "within": within}
    return large[shape](count, lambda number: {"id": number, "name": f"{MARK}{number}"})
