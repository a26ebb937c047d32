"""The holes of a document that are open: found while values are written, each its source's only one."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

from tailrace._filling.hole import Hole
from tailrace._filling.scribe import check_size, size_of
from tailrace._holes import Document, Kind
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

    @property
    def are_many(self) -> bool:
        """Whether what can wait should not add to them."""
        return len(self.open) * 4 > self._most * 3

    def encode(self, value: Any, within: Hole | None = None) -> bytes | Part[Hole]:
        """The text of a value that came for a hole, or of the document itself; its holes are open from now on.

        Raises `EncodeError`, and nothing of it is left.
        """
        self._within = within
        place, depth = (None, 0) if within is None else (within.inner_place, within.depth)
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
        lists = () if self._within is None else self._within.inner_lists
        known = self.open.get(id(source))
        if known is not None and not known.arrived:
            known.is_in(lists)
            return known
        if len(self.open) >= self._most:
            raise EncodeError(f"more than {self._most} parts that are not ready at a time (Document.holes)")
        if kind is Kind.LIST and inspect.isasyncgen(source) and source.ag_frame is None:
            raise EncodeError("an async generator that has ended; make a new one for each place")
        hole = Hole(source, kind, key=id(source))
        hole.lists = lists
        if known is not None and kind is Kind.VALUE:
            # It will be closed before this is written: the same value once more.
            hole.key, hole.arrived, hole.value, hole.error = id(hole), True, known.value, known.error
        elif known is not None:  # what came is gone: the source is read anew
            known.key = id(known)
            self.open[known.key] = known
        self.open[hole.key] = hole
        self._fresh.append(hole)
        return hole

    def _start_fresh(self) -> None:
        fresh, self._fresh = self._fresh, []
        for hole in fresh:
            if not hole.depth:  # it was asked for, and then not written
                self._forget(hole)
        written = [hole for hole in fresh if hole.depth]
        self.unripe += written
        self._crew.start([hole for hole in written if not hole.arrived])

    def _forget(self, hole: Hole) -> None:
        del self.open[hole.key]
        self._crew.drop(hole.source)

    def _drop(self, value: Any) -> None:
        fresh, self._fresh = self._fresh, []
        for hole in fresh:
            self._forget(hole)
        for source in missing(value):
            if id(source) not in self.open:
                self._crew.drop(source)
