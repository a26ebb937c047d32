"""Waiting for a part of a document that is being read, on an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tailrace._reading.steps import Element, finishing, growing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tailrace._reading.picture import Node
    from tailrace._reading.place import Place, Reading


async def finished(place: Place) -> Any:
    """The value at a place, once it is finished."""
    steps = finishing(place)
    while True:
        try:
            node = next(steps)
        except StopIteration as end:
            return end.value
        await _news(place.reading, node)


async def elements(place: Place) -> AsyncIterator[Any]:
    """The finished elements of a list, or the pieces of a text."""
    for step in growing(place):
        if isinstance(step, Element):
            yield step.value
        else:
            await _news(place.reading, step)


async def _news(reading: Reading, node: Node) -> None:
    """Wait until something happens to a node."""
    happened = asyncio.get_running_loop().create_future()

    def tell() -> None:
        if not happened.done():
            happened.set_result(None)

    reading.progress.wait(node, tell)
    try:
        reading.demand()
        await happened
    finally:
        reading.progress.leave(node, tell)
