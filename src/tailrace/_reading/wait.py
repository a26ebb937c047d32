"""Waiting for a part of a document that is being read, on an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from tailrace._reading.steps import Element, finishing, growing

if TYPE_CHECKING:
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


class Elements:
    """The finished elements of a list, or the pieces of a text: whoever is cancelled while he waits may go on."""

    # Not an async generator, which a cancellation ends.

    def __init__(self, place: Place) -> None:
        self._reading = place.reading
        self._steps = growing(place)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        for step in self._steps:
            if isinstance(step, Element):
                return step.value
            await _news(self._reading, step)
        raise StopAsyncIteration


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
