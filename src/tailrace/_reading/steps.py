"""What there is at a place of a document, step by step: values, and what has to change before there are more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tailrace._holes import Kind
from tailrace._reading.picture import Box, Gap
from tailrace._reading.place import NOT_YET

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from tailrace._reading.picture import Node
    from tailrace._reading.place import Place


class Element:
    """One element of a list, or a piece of a text."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def finishing(place: Place) -> Generator[Node, None, Any]:
    """What the value at a place waits for, and at last the value."""
    while True:
        node, value = place.settled()
        if node is None:
            return value
        yield node


def growing(place: Place) -> Generator[Node | Element]:
    """The finished elements of a list, or the pieces of a text, and between them what they wait for."""
    count = 0
    text: Gap | None = None
    while True:
        node, value = place.found()
        if value is None:
            place.check()
        if isinstance(node, Gap) and node.kind is Kind.TEXT:
            text = node
        awaited = value is NOT_YET or (isinstance(node, Gap) and node.kind is Kind.VALUE)
        parts = [] if awaited else _parts(value) if text is None else text.pieces
        if count < len(parts):
            part = parts[count]
            if text is None and not isinstance(value, str):
                part = yield from finishing(place[count])
            count += 1
            if part != "" or text is None:
                yield Element(part)
        elif node is None or (isinstance(node, Box) and not node.grows):
            place.check()
            if place.confirmed():
                return
            yield place.reading.progress.top
        elif place.reading.over:
            place.check()
            raise place.reading.failure(place.pointer)
        else:
            yield node


def _parts(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return cast("Sequence[Any]", value)
    raise TypeError(f"expected a list or a text to iterate over, got {type(value).__name__}")
