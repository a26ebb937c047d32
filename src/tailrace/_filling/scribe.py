"""Putting parts of a document together: what is there stands in its place, what is not gets a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace._holes import Kind
from tailrace._json import dumps, escape_line_separators
from tailrace._parts import Part, Place, Shape, enter, pointer
from tailrace._problem import log
from tailrace.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace._filling.hole import Hole
    from tailrace.formats import DocumentEncoder


class Scribe:
    """Writes the records of one document, each a frame."""

    def __init__(self, frames: list[bytes], encoder: DocumentEncoder, largest: int | None) -> None:
        self._largest = largest
        self._append = frames.append
        self._encoder = encoder
        self._warned = False

    def root(self, part: bytes | Part[Hole]) -> None:
        """Write the document as far as it is there, and what of it has failed already."""
        text, meta, holes = self._composed(part)
        self._append(self._encoder.root(text, meta))
        self._write_all(holes)

    def whole(self, part: bytes | Part[Hole], problems: str | None) -> None:
        """Write the finished document, with the problems of what failed under that name."""
        text, _, _ = self._composed(part)
        listed = None
        if problems is not None:
            failed = () if isinstance(part, bytes) else _standing(part.shape)
            listed = (
                problems,
                [
                    {"pointer": pointer(place)} | hole.failure.members()
                    for place, hole in failed
                    if hole.failure is not None
                ],
            )
        self._append(self._encoder.finished(text, listed))

    def write(self, hole: Hole) -> None:
        """Write what is new of a hole that has a number."""
        number, encoder = hole.number, self._encoder
        if number is None or hole.closed:
            return
        if hole.batch and encoder.grows:
            self._write_batch(hole, number)
        if not hole.settled:
            return
        hole.closed = True
        part = hole.part
        if hole.failure is not None:
            self._append(encoder.failed(number, hole.failure))
        elif hole.kind is not Kind.VALUE and encoder.grows:
            self._append(encoder.over(number))
        elif isinstance(part, bytes):
            if encoder.wary:
                self._look(part)
            self._append(encoder.plain(number, part))
        else:
            text, meta, holes = self._composed(part)
            self._append(encoder.value(number, text, meta))
            self._write_all(holes)

    def _write_all(self, holes: list[Hole]) -> None:
        for hole in holes:
            if hole.settled or hole.batch:
                self.write(hole)

    def _write_batch(self, hole: Hole, number: int) -> None:
        batch, hole.batch = hole.batch or [], []
        if hole.kind is Kind.TEXT:
            self._append(self._encoder.characters(number, text_of(batch)))
            return
        text, meta, holes = self._composed(array_of(batch))
        # Without its brackets, which are those of a list of its own.
        self._append(self._encoder.elements(number, text[1:-1], meta))
        self._write_all(holes)

    def _composed(self, part: bytes | Part[Hole]) -> tuple[list[bytes], Any, list[Hole]]:
        """The text of a part, its meta, and the holes that were numbered for it."""
        if self._encoder.wary:
            self._look(part)
        if isinstance(part, bytes):
            return [part], None, []
        introduced: list[Hole] = []
        pieces = _flat(part)
        if self._largest is not None:
            pieces = _measured(pieces, self._largest)
        text = [piece if isinstance(piece, bytes) else self._stand_in(piece, introduced) for piece in pieces]
        return text, _meta(part.shape), introduced

    def _stand_in(self, hole: Hole, introduced: list[Hole]) -> bytes:
        if hole.closed and hole.number is not None:
            # A number that was closed never comes again: what has failed fails here by another.
            hole.number, hole.closed = None, False
        number = hole.number
        if number is None:
            number = hole.number = self._encoder.number()
            introduced.append(hole)
            if hole.batch and self._encoder.grows:
                return _begun(hole, hole.batch)
        return self._encoder.stand_in(hole.kind, number)

    def _look(self, part: bytes | Part[Hole]) -> None:
        """Tell the encoder what data there will be before it numbers holes."""
        pieces = [part] if isinstance(part, bytes) else [one for one in _flat(part) if isinstance(one, bytes)]
        mistaken = self._encoder.saw(pieces)
        if mistaken is not None and not self._warned:
            self._warned = True
            log.warning(
                'data has the string "$%d", which a reader of progressive JSON version 1 takes for a placeholder '
                "of this document; version 2 has no such strings",
                mistaken,
            )


def _flat(part: Part[Hole]) -> Iterator[bytes | Hole]:
    """The content of a part, what is there of its holes in their places."""
    waiting = [iter(part.content)]
    while waiting:
        for piece in waiting[-1]:
            if isinstance(piece, bytes) or not piece.settled or not piece.is_inline:
                yield piece
            elif isinstance(piece.part, bytes):
                yield piece.part
            else:
                waiting.append(iter(piece.part.content))
                break
        else:
            waiting.pop()


def _measured(pieces: Iterator[bytes | Hole], largest: int) -> Iterator[bytes | Hole]:
    """The same as long as they are not too many bytes: one part may stand at many places."""
    size = 0
    for piece in pieces:
        size += len(piece) if isinstance(piece, bytes) else 0
        check_size(size, largest)
        yield piece


def _meta(shape: Shape[Hole]) -> Any:
    """The numbers of the holes in a shape; None where there are none."""
    meta: dict[str, Any] = {}
    for place, hole in _standing(shape):
        if place is None:
            return hole.number
        enter(meta, place, hole.number)
    return meta or None


def _standing(shape: Shape[Hole]) -> Iterator[tuple[Place, Hole]]:
    """The holes that stand in a shape, and where: those whose values do not."""
    waiting: list[tuple[Place, Shape[Hole]]] = [(None, shape)]
    while waiting:
        place, inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += [((place, name), one) for name, one in reversed(inner.items())]
        elif not inner.settled or not inner.is_inline:
            yield place, inner
        elif not isinstance(inner.part, bytes):
            waiting.append((place, inner.part.shape))


def _begun(hole: Hole, batch: list[Any]) -> bytes:
    """What there is of a list or a text when it is written that there will be more."""
    if hole.kind is Kind.TEXT:
        hole.batch = []
        return text_of(batch)
    # Its own number is all that meta can say of a list: elements with holes come later.
    count = next((n for n, element in enumerate(batch) if not isinstance(element, bytes)), len(batch))
    hole.batch = batch[count:]
    return b"[%b]" % b",".join(batch[:count])


def text_of(pieces: list[str]) -> bytes:
    """Pieces of a text as one JSON string."""
    return escape_line_separators(dumps("".join(pieces)))


def array_of(elements: list[bytes | Part[Hole]]) -> Part[Hole]:
    """Elements as one array."""
    content: list[bytes | Hole] = [b"["]
    shape: dict[str, Any] = {}
    for index, element in enumerate(elements):
        if index:
            content.append(b",")
        if isinstance(element, bytes):
            content.append(element)
        else:
            content += element.content
            shape[str(index)] = element.shape
    content.append(b"]")
    return Part(content, shape)


def check_size(size: int, largest: float) -> None:
    """Raise `EncodeError` for a document that is too large."""
    if size > largest:
        raise EncodeError(f"the document is over {largest} bytes (Document.size)")


def size_of(part: bytes | Part[Hole]) -> int:
    """Bytes of a part, without what is not there yet."""
    if isinstance(part, bytes):
        return len(part)
    return sum(len(piece) for piece in part.content if isinstance(piece, bytes))
