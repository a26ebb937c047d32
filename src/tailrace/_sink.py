"""Between a source and whoever delivers it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tailrace.formats import Encoder

HIGH: Final = 63 * 1024
"""Bytes that a source may be ahead of what was taken before it waits.

With the item that goes beyond it a run stays below 64 KiB: uvicorn's high-water mark, and Django's longest piece.
"""

FIRST: Final = 4096
"""The same before anything was taken: the first bytes need not wait until there are many."""


class Sink:
    """What a source encodes into: frames, and what was joined of them already."""

    # A pump has more attributes than CPython shares the names of (30): without these slots each pump, and there
    # is one for each open stream, would have a dict of its own, of a kilobyte.
    __slots__ = (
        "_bytes",
        "_counted",
        "encoder",
        "failed_parts",
        "first_item",
        "frames",
        "high",
        "items",
        "joined",
        "longest",
        "resumed",
    )

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.frames: list[bytes] = []
        self.joined: bytes = b""
        self.items = 0
        """Those that were joined; `frames` has those that were not."""
        self.high = FIRST
        """The bytes from which on `room` must be awaited; 0 once the source is to stop."""
        self.longest = HIGH
        """What `high` becomes once something was taken."""
        self.resumed = monotonic()
        """When the source was last let run, after the loop had turned."""
        self.failed_parts = 0
        self.first_item: float | None = None
        """When the first frame was joined."""
        self._counted = 0
        self._bytes = 0

    def count(self) -> int:
        """The bytes that wait to be taken, framing and all."""
        fresh = self.frames[self._counted :]
        around = len(self.encoder.lead) + len(self.encoder.tail) + 1
        self._bytes += sum(map(len, fresh)) + around * len(fresh)
        self._counted += len(fresh)
        return self._bytes

    def join(self) -> None:
        """Make one run of the frames, for they go out or the encoder is about to change."""
        if self.frames:
            if self.first_item is None:
                self.first_item = monotonic()
            run = self.encoder.join(self.frames)
            self.items += len(self.frames)
            self.joined = self.joined + run if self.joined else run
            self.frames.clear()
            self._counted, self._bytes = 0, len(self.joined)

    def taken(self) -> bytes:
        """Everything, as one run; nothing is left."""
        self.join()
        run, self.joined = self.joined, b""
        self._bytes = 0
        if self.high and run:
            self.high = self.longest
        return run

    async def room(self) -> None:
        """Wait until everything was taken; raises `asyncio.CancelledError` if the source is to stop."""
        raise NotImplementedError

    def paused(self, held_by: object) -> None:
        """The source is about to wait for `held_by`: a future, or None for the next turn of the loop."""
        raise NotImplementedError
