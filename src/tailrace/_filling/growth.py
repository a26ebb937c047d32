"""Lists and texts that grow: as fast as they are written, and no faster."""

from __future__ import annotations

import asyncio
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Any, Final

from tailrace._filling.scribe import size_of
from tailrace._holes import Kind
from tailrace._json import dumps
from tailrace.errors import EncodeError

if TYPE_CHECKING:
    from tailrace._filling.crew import Crew
    from tailrace._filling.hole import Hole
    from tailrace._filling.holes import Holes
    from tailrace._filling.outbox import News
    from tailrace._sink import Sink

_TURN: Final = 0.005
"""Seconds that all lists and texts of a document together may keep the event loop without a pause."""
_LEAST: Final = 64
"""Bytes that an element of a list or a piece of a text counts for, however small it is."""


class Growth:
    """Takes what the sources of lists and texts give; `waits` says whether they have to wait for the reader."""

    def __init__(self, holes: Holes, crew: Crew, news: News, sink: Sink, *, waits: bool) -> None:
        self._holes = holes
        self._crew = crew
        self._news = news
        self._sink = sink
        self._waits = waits
        self._ahead = 0
        """Bytes that were given and that nobody has begun to write."""
        self._held: list[asyncio.Future[None]] = []
        """The sources that wait until there is room."""
        self._turning = False
        self._turned_at = monotonic()

    async def run(self, hole: Hole) -> None:
        """Take everything that the source of one list or text gives."""
        add = self._add_element if hole.kind is Kind.LIST else self._add_characters
        iterator = aiter(hole.source)
        try:
            async for item in iterator:
                open_parts = add(hole, item)
                self._news.announce(hole)
                while self._is_full(open_parts=open_parts):
                    await self._room()
                if monotonic() - self._turned_at >= _TURN:
                    await self._turn()
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    def taken(self) -> None:
        """Take note that everything is being written."""
        self._ahead = 0

    def go_on(self) -> None:
        """Let those look again who wait for room."""
        held, self._held = self._held, []
        for room in held:
            if not room.done():
                room.set_result(None)

    def _is_full(self, *, open_parts: bool) -> bool:
        """Whether a source has to wait: for the reader, or for the parts of its elements."""
        if self._crew.closing:
            raise asyncio.CancelledError  # once more, for a source that went on
        if open_parts and self._holes.are_many(len(self._held)):
            return True
        return self._waits and self._ahead >= self._sink.high

    async def _room(self) -> None:
        room = asyncio.get_running_loop().create_future()
        self._held.append(room)
        self._news.hurry()
        await room

    async def _turn(self) -> None:
        """Give way; the time that all have together begins with the next turn of the loop."""
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turned)
        await asyncio.sleep(0)

    def _turned(self) -> None:
        self._turning = False
        self._turned_at = monotonic()

    def _add_element(self, hole: Hole, item: Any) -> bool:
        """Take an element; whether parts of it are open."""
        element = self._holes.encode(item, hole)
        hole.add(element)
        hole.length += 1
        self._ahead += size_of(element) + _LEAST
        return not isinstance(element, bytes)

    def _add_characters(self, hole: Hole, item: Any) -> bool:
        """Take a piece of a text."""
        if not isinstance(item, str):
            raise EncodeError(f"GrowingText: expected pieces of str, got {type(item).__qualname__}")
        dumps(item)  # a lone surrogate is not to fail what came before it
        hole.add(item)
        self._holes.size += len(item.encode())
        self._ahead += len(item) + _LEAST
        return False
