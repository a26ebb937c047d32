"""One part of a document, from when it is found until it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace._filling.lineage import Lineage
from tailrace._holes import Kind
from tailrace._parts import Part, Place, pointer

if TYPE_CHECKING:
    import asyncio

    from tailrace._model import Problem


class Hole:
    """One part of a document that was not ready when it was found."""

    __slots__ = (
        "_lineage",
        "_outer",
        "arrived",
        "batch",
        "closed",
        "depth",
        "error",
        "failure",
        "key",
        "kind",
        "length",
        "number",
        "part",
        "place",
        "queued",
        "settled",
        "source",
        "task",
        "value",
    )

    def __init__(self, source: Any, kind: Kind, *, key: int, outer: Lineage | None) -> None:
        self.source: Any = source
        self.kind = kind
        self.key = key
        """What the document knows it by, while it is open."""
        self.place: Place = None
        self.depth = 0
        self.number: int | None = None
        """What it is called on the wire, once it was written that it is missing."""
        self.task: asyncio.Future[Any] | None = None
        self.value: Any = None
        self.error: BaseException | None = None
        self.arrived = False
        """Whether its value is there, or its error, or its end."""
        self.settled = False
        """Whether that was looked at."""
        self.closed = False
        """Whether that was written."""
        self.queued = False
        """Whether it waits to be looked at."""
        self.part: bytes | Part[Hole] = b"null"
        self.failure: Problem | None = None
        self.batch: list[Any] | None = None
        """Of a list or a text: what came and was not written yet."""
        self.length = 0
        """Of a list: the elements that came."""
        self._outer = outer
        self._lineage: Lineage | None = None

    def stand_at(self, place: Place, depth: int) -> None:
        """Take note of the first place."""
        if not self.depth:
            self.place, self.depth = place, depth

    @property
    def is_inline(self) -> bool:
        """Whether its value stands where it is, once it is settled: it has no number, or none any more."""
        return self.failure is None and (self.number is None or self.closed)

    @property
    def inner_place(self) -> Place:
        """Where a value stands that comes now: its own place, or that of the next element."""
        return (self.place, self.length) if self.kind is Kind.LIST else self.place

    @property
    def lineage(self) -> Lineage:
        """What it is in, for what is in it."""
        if self._lineage is None:
            self._lineage = Lineage(self._outer, self.source)
            self._lineage.over = self.settled
        return self._lineage

    def settle(self) -> None:
        """Take note that nothing more comes of it."""
        self.settled = True
        if self._lineage is not None:
            self._lineage.over = True

    def add(self, part: Any) -> None:
        """Take an element of a list, or a piece of a text."""
        if self.batch is None:
            self.batch = []
        self.batch.append(part)

    def forget(self) -> None:
        """Keep nothing of where it came from: an error's traceback holds all that ran."""
        self.source = self.task = self.value = self.error = None

    def __str__(self) -> str:
        where = pointer(self.place)
        return f"the part {where} of a document" if where else "a document"
