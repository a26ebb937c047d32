"""What there is at a place of a document, step by step: values, and what has to change before there are more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
            return value if place.pointer else place.reading.made(value)
        yield node


def growing(place: Place) -> Generator[Node | Element]:
    """The finished elements of a list, or the pieces of a text, and between them what they wait for."""
    _, value = yield from _there(place, list, str)
    yield from _elements(place) if isinstance(value, list) else _pieces(place)


def _there(place: Place, *kinds: type) -> Generator[Node | Element, None, tuple[Node | None, Any]]:
    """What there is at a place, once there is something; raises where it is of none of these kinds."""
    while True:
        node, value = place.found()
        if value is not NOT_YET and not (isinstance(node, Gap) and node.kind is Kind.VALUE):
            break
        yield _expected(place, node) or place.reading.progress.top
    if value is None:
        place.check()
    if not isinstance(value, kinds):
        raise TypeError(f"expected a list or a text to iterate over, got {type(value).__name__}")
    return node, value


def _elements(place: Place) -> Generator[Node | Element]:
    count = 0
    while True:
        node, value = yield from _there(place, list)
        if count < len(value):
            yield Element((yield from finishing(place[count])))
            count += 1
        else:
            expected = _expected(place, node)
            if expected is None:
                return
            yield expected


def _pieces(place: Place) -> Generator[Node | Element]:
    given = count = skip = 0
    text: Gap | None = None
    top = place.reading.progress.top
    while True:
        if place.reading.progress.top is not top:
            # The document has started over: go on behind what was given of it.
            top, text, count, skip = place.reading.progress.top, None, 0, given
        node, value = yield from _there(place, str)
        text = node if isinstance(node, Gap) else text
        pieces: Sequence[str] = [value] if text is None else text.pieces
        if count < len(pieces):
            piece = pieces[count][skip:]
            skip = max(0, skip - len(pieces[count]))
            count += 1
            given += len(piece)
            if piece:
                yield Element(piece)
        else:
            expected = _expected(place, node)
            if expected is None:
                return
            yield expected


def _expected(place: Place, node: Node | None) -> Node | None:
    """What more waits for, the last record included; None where there is no more. Raises where it will not come."""
    if node is None or (isinstance(node, Box) and not node.grows):
        place.check()
        return None if place.confirmed() else place.reading.progress.top
    if place.reading.over:
        place.check()
        raise place.reading.failure(place.pointer)
    return node
