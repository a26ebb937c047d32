"""Waiting for a part of a document that is being read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from tailrace._holes import Kind
from tailrace._reading.handle import NOT_YET
from tailrace._reading.picture import Box, Gap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tailrace._reading.handle import Handle
    from tailrace._reading.picture import Node
    from tailrace._reading.progress import Progress


async def finished(handle: Handle) -> Any:
    """The value at a place, once it is finished."""
    while True:
        node, value = handle.settled()
        if node is None:
            return value
        await _news(handle.reading.progress, node)


async def growing(handle: Handle) -> AsyncIterator[Any]:
    """The finished elements of a list, or the pieces of a text."""
    count = 0
    text: Gap | None = None
    while True:
        node, value = handle.found()
        if value is None:
            handle.check()
        if isinstance(node, Gap) and node.kind is Kind.TEXT:
            text = node
        awaited = value is NOT_YET or (isinstance(node, Gap) and node.kind is Kind.VALUE)
        parts = [] if awaited else _parts(value) if text is None else text.pieces
        if count < len(parts):
            part = await handle[count] if text is None and not isinstance(value, str) else parts[count]
            count += 1
            if part != "" or text is None:
                yield part
        elif node is None or (isinstance(node, Box) and not node.grows):
            handle.check()
            if handle.confirmed():
                return
            await _news(handle.reading.progress, handle.reading.progress.top)
        elif handle.reading.over:
            handle.check()
            raise handle.reading.failure(handle.pointer)
        else:
            await _news(handle.reading.progress, node)


def _parts(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return cast("Sequence[Any]", value)
    raise TypeError(f"expected a list or a text to iterate over, got {type(value).__name__}")


async def _news(progress: Progress, node: Node) -> None:
    """Wait until something happens to a node."""
    happened = asyncio.get_running_loop().create_future()

    def tell() -> None:
        if not happened.done():
            happened.set_result(None)

    progress.wait(node, tell)
    try:
        await happened
    finally:
        progress.leave(node, tell)
