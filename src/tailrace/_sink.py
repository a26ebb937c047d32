"""Between a source and whoever delivers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from tailrace.formats import Encoder

HIGH: Final = 64 * 1024
"""Bytes that a source may be ahead of what was taken before it waits."""


class Sink(Protocol):
    """What a source encodes into; its owner takes the frames out of the list."""

    encoder: Encoder
    frames: list[bytes]
    items: int
    high: int
    """The bytes in `frames` from which on `room` must be awaited; 0 once the source is to stop."""

    async def room(self) -> None:
        """Wait until the frames were taken; raises `asyncio.CancelledError` if the source is to stop."""

    def join(self) -> None:
        """Take the frames out of the list, for the encoder is about to change."""
