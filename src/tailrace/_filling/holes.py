"""The holes of a document that are open: found while values are written, each its source's only one."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

from tailrace._filling.hole import Hole
from tailrace._filling.scribe import check_size, size_of
from tailrace._holes import Document, GrowingText, Kind, kind_of
from tailrace._tree import TreeEncoder, missing
from tailrace.errors import EncodeError

if TYPE_CHECKING:
    from tailrace._filling.crew import Crew
    from tailrace._json import ForeignEncoder
    from tailrace._parts import Part


class Holes:
    """Writes the values of one document, and starts what they are missing."""

    def __init__(self, document: Document, encoder: ForeignEncoder | None, crew: Crew) -> None:
        self._crew = crew
        self._most = document.holes
        self._largest = math.inf if document.size is None else document.size
        self._tree: TreeEncoder[Hole] = TreeEncoder(encoder, document.depth, self._claim)
        self._fresh: list[Hole] = []
        """Those of the value that is being written."""
        self._within: Hole | None = None
        """What that came for."""
        self.open: dict[int, Hole] = {}
        """Those that are not settled, mostly by the identity of their sources."""
        self.unripe: list[Hole] = []
        """Those that have not had their turn of the loop."""
        self.size = 0
        """Bytes of all values so far."""

    def are_many(self, waiting: int) -> bool:
        """Whether a list should wait until there are fewer, as so many do that are open too."""
        # Where only those are left, nothing would end that they wait for.
        return len(self.open) * 4 > self._most * 3 and len(self.open) > waiting + 1

    def encode(self, value: Any, within: Hole | None = None) -> bytes | Part[Hole]:
        """The text of a value that came for a hole, or of the document itself; its holes are open from now on.

        Raises `EncodeError`, and nothing of it is left.
        """
        self._within = within
        place, depth = (None, 0) if within is None else (within.inner_place, within.depth)
        if within is not None and within.kind is Kind.VALUE and kind_of(value) is None:
            depth -= 1  # it is no deeper than its hole; only one hole behind the other is
        try:
            part = self._tree.encode(value, place, depth)
        except EncodeError:
            self._drop(value)
            raise
        self.size += size_of(part)
        if self._fresh:
            self._start_fresh()
        return part

    def check_size(self) -> None:
        """Raise `EncodeError` if there is too much."""
        check_size(self.size, self._largest)

    def settled(self, hole: Hole) -> None:
        """Take note that nothing more comes of one."""
        del self.open[hole.key]

    def take_unripe(self) -> list[Hole]:
        """Those that have not had their turn of the loop, which is to come."""
        unripe, self.unripe = self.unripe, []
        return unripe

    def _claim(self, source: Any, kind: Kind) -> Hole:
        read, outer = _read_of(source), None if self._within is None else self._within.lineage
        known = self.open.get(id(read))
        if known is not None and (kind is Kind.VALUE or not known.arrived):
            if known.kind is not kind:
                raise EncodeError("an async iterable that is a list and a text at a time")
            known.lineage.found_in(outer)
            return known
        if len(self.open) >= self._most:
            raise EncodeError(f"more than {self._most} parts that are not ready at a time (Document.holes)")
        if inspect.isasyncgen(read) and read.ag_frame is None:
            raise EncodeError("an async generator that has ended; make a new one for each place")
        if outer is not None:
            outer.check(source)
        if known is not None:  # what came is gone: the source is read anew
            known.key = id(known)
            self.open[known.key] = known
        hole = self.open[id(read)] = Hole(source, kind, key=id(read), outer=outer)
        self._fresh.append(hole)
        return hole

    def _start_fresh(self) -> None:
        fresh, self._fresh = self._fresh, []
        for hole in fresh:
            if not hole.depth:  # it was asked for, and then not written
                self._forget(hole)
        written = [hole for hole in fresh if hole.depth]
        self.unripe += written
        self._crew.start(written)

    def _forget(self, hole: Hole) -> None:
        self.settled(hole)
        self._crew.drop(hole.source)

    def _drop(self, value: Any) -> None:
        fresh, self._fresh = self._fresh, []
        for hole in fresh:
            self._forget(hole)
        for source in missing(value):
            if id(_read_of(source)) not in self.open:
                self._crew.drop(source)


def _read_of(source: Any) -> Any:
    """What is read: of a text, the iterable that two may have been made of."""
    return source.pieces if isinstance(source, GrowingText) else source
