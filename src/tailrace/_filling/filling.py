"""Writing a document while its parts come."""

from __future__ import annotations

import asyncio
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Any, Final

from tailrace._filling.crew import Crew, Hole
from tailrace._filling.holes import Holes
from tailrace._filling.scribe import Scribe, array_of, size_of, text_of
from tailrace._holes import Kind, kind_of
from tailrace._json import dumps
from tailrace._problem import problem_of
from tailrace.errors import EncodeError

if TYPE_CHECKING:
    from tailrace._holes import Document
    from tailrace._sink import Sink
    from tailrace.formats import DocumentEncoder

_TURN: Final = 0.005
"""Seconds that this may keep the event loop without a pause."""
_GROWING: Final = 0.001
"""Seconds for which what comes in quick succession is collected."""
_LEAST: Final = 64
"""Bytes that an element of a list or a piece of a text counts for, however small it is."""
_LARGE: Final = 4096
"""Bytes of records that are handed over at once."""
_RUN: Final = 16
"""Records between two looks at the clock and at the bytes that wait."""


class Filling:
    """One document under way: its root, then its holes in the order in which they are filled."""

    def __init__(self, document: Document, sink: Sink, encoder: DocumentEncoder) -> None:
        self._document = document
        self._sink = sink
        self._encoder = encoder
        self._loop = asyncio.get_running_loop()
        self._crew = Crew(document.concurrency, self._grow, self._announce)
        self._holes = Holes(document, encoder.foreign, self._crew)
        self._ready: list[Hole] = []
        """Those of which there are news."""
        self._urgent = False
        """Whether some of these are not just more of a list or a text."""
        self._news: asyncio.Future[None] | None = None
        self._frames: list[bytes] = []
        """The records that were not handed over."""
        self._scribe = Scribe(self._frames, encoder, document.size)
        self._handed_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._ahead = 0
        """Bytes that lists and texts gave and that were not written."""
        self._held: list[asyncio.Future[None]] = []
        """The lists and texts that wait until there is room."""
        self._turning = False
        self._turned_at = monotonic()
        self._root: Hole | None = None
        """The one that is the document itself, where that is awaited."""

    async def run(self) -> None:
        """Write everything; raises what makes the whole fail."""
        try:
            root = self._holes.encode(self._document.content, None, 0)
            self._holes.check_size()
            if kind_of(self._document.content) is Kind.VALUE:
                # Before it there is nothing to show, and its error is the whole's.
                (self._root,) = self._holes.unripe
            await self._ripen()
            while self._root is not None and not self._root.settled:
                await self._advance()
            if not self._encoder.whole:
                self._scribe.root(root)
                root = b""  # its parts go as they are written
            while self._holes.open or self._ready:
                await self._advance()
            if self._encoder.whole:
                self._scribe.whole(root, self._document.problems)
            self._hand_over()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            await self._crew.aclose(self._holes.open.values())

    # Holes that are settled.

    def _settle(self, hole: Hole) -> None:
        if hole.settled or not hole.arrived:
            return
        hole.settled = True
        self._holes.settled(hole)
        value, error = hole.value, hole.error
        hole.forget()
        if error is not None:
            self._fail(hole, error)
        elif hole.kind is Kind.VALUE:
            try:
                hole.part = self._holes.encode(value, hole.place, hole.depth)
            except Exception as unwritable:  # noqa: BLE001 - it is the reader's to know, or the whole's
                self._fail(hole, unwritable)
        elif hole.number is None or not self._encoder.grows:
            batch, hole.batch = hole.batch or [], []
            hole.part = text_of(batch) if hole.kind is Kind.TEXT else array_of(batch)

    def _fail(self, hole: Hole, error: BaseException) -> None:
        if not isinstance(error, Exception):
            # Not as it is: whoever serves the request would take it for a cancellation of its own.
            cancelled = RuntimeError(f"{hole} was cancelled, or awaited something that was, on its own")
            cancelled.__cause__ = error
            error = cancelled
        if hole is self._root or (self._encoder.whole and self._document.problems is None):
            error.add_note(f"It was {hole}.")
            raise error
        hole.failure = problem_of(error, str(hole))

    # Lists and texts.

    async def _grow(self, hole: Hole) -> None:
        add = self._add_element if hole.kind is Kind.LIST else self._add_characters
        iterator = aiter(hole.source)
        try:
            async for item in iterator:
                open_parts = add(hole, item)
                self._announce(hole)
                while self._is_full(open_parts=open_parts):
                    room = self._loop.create_future()
                    self._held.append(room)
                    await room
                if monotonic() - self._turned_at >= _TURN:
                    await self._turn()
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    async def _turn(self) -> None:
        """Give way; the time that all lists and texts have together begins with the next turn of the loop."""
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turned)
        await asyncio.sleep(0)

    def _turned(self) -> None:
        self._turning = False
        self._turned_at = monotonic()

    def _is_full(self, *, open_parts: bool) -> bool:
        """Whether a list or a text has to wait: for the reader, or for the parts of its elements."""
        if self._crew.closing:
            raise asyncio.CancelledError  # once more, for a source that went on
        if open_parts and self._holes.are_many:
            return True
        return self._encoder.grows and self._ahead >= self._sink.high

    def _add_element(self, hole: Hole, item: Any) -> bool:
        """Take an element; whether parts of it are open."""
        element = self._holes.encode(item, (hole.place, hole.length), hole.depth)
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

    # What the loop brings.

    def _announce(self, hole: Hole) -> None:
        """Look at a hole, soon."""
        if not hole.queued:
            hole.queued = True
            self._ready.append(hole)
        self._urgent = self._urgent or hole.arrived
        if self._urgent or self._held:
            self._wake()
        else:
            self._wake_in_time()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _wake_in_time(self) -> None:
        """Hand over once a millisecond, if there is so much: what comes after a pause goes out at once."""
        rest = self._handed_at + _GROWING - monotonic()
        if rest <= 0:
            self._wake()
        elif self._timer is None:
            self._timer = self._loop.call_later(rest, self._due)

    def _due(self) -> None:
        self._timer = None
        self._wake()

    async def _advance(self) -> None:
        """Write what is new once something is."""
        while not self._is_time():
            self._news = self._loop.create_future()
            await self._news
        ready, self._ready, self._ahead, self._urgent = self._ready, [], 0, False
        later: list[Hole] = []
        for hole in ready:
            hole.queued = False
        for count, hole in enumerate(ready, 1):
            self._settle(hole)
            if later or self._holes.unripe:
                later.append(hole)
            else:
                self._scribe.write(hole)
            if not count % _RUN:
                await self._breathe()
        if later:
            await self._ripen()
            for hole in later:
                self._scribe.write(hole)
        await self._breathe()
        held, self._held = self._held, []
        for room in held:
            if not room.done():
                room.set_result(None)

    def _is_time(self) -> bool:
        """Whether there is something to write now; what was written is handed over when its time has come."""
        if self._urgent or self._held:
            return bool(self._ready)
        due = monotonic() >= self._handed_at + _GROWING
        if self._frames and due:
            self._hand_over()
        elif self._frames or (self._ready and not due):
            self._wake_in_time()
        return bool(self._ready) and due

    def _hand_over(self) -> None:
        self._sink.frames += self._frames
        self._frames.clear()
        self._handed_at = monotonic()

    async def _ripen(self) -> None:
        """Let the loop turn while it brings what was found: what is ready at once is never written as missing."""
        pending: list[Hole] = []
        until = monotonic() + _GROWING
        while pending or self._holes.unripe:
            pending += self._holes.take_unripe()
            await asyncio.sleep(0)
            for hole in pending:
                self._settle(hole)
            waiting = [hole for hole in pending if not hole.settled]
            if len(waiting) == len(pending) or monotonic() >= until:
                break
            pending = waiting

    async def _breathe(self) -> None:
        """Hand over what is due, and give way to what takes it, and to all others."""
        self._holes.check_size()
        now, frames = monotonic(), self._frames
        if frames and (
            now >= self._handed_at + _GROWING or len(frames) >= _RUN or sum(map(len, frames)) >= _LARGE
        ):
            self._hand_over()
            if self._sink.count() >= self._sink.high:
                await self._sink.room()
                return
        if now - self._sink.resumed >= _TURN:
            await asyncio.sleep(0)
