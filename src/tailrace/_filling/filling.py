"""Writing a document while its parts come."""

from __future__ import annotations

import asyncio
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Final

from tailrace._filling.crew import Crew
from tailrace._filling.growth import Growth
from tailrace._filling.holes import Holes
from tailrace._filling.outbox import MANY, News, Outbox
from tailrace._filling.scribe import Scribe, array_of, text_of
from tailrace._holes import Kind, kind_of
from tailrace._problem import problem_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tailrace._filling.hole import Hole
    from tailrace._holes import Document
    from tailrace._sink import Sink
    from tailrace.formats import DocumentEncoder

_RIPENING: Final = 0.001
"""Seconds for which what is ready at once is waited for."""


_AWAITED_TWICE: Final = {"cannot reuse already awaited coroutine", "coroutine is being awaited already"}


class Filling:
    """One document under way: its root, then its holes in the order in which they are filled."""

    def __init__(self, document: Document, sink: Sink, encoder: DocumentEncoder) -> None:
        self._document = document
        self._sink = sink
        self._encoder = encoder
        self._outbox = Outbox(sink)
        self._news = News(self._outbox)
        self._crew = Crew(document.concurrency, self._grow, self._news.announce)
        self._holes = Holes(document, encoder.foreign, self._crew)
        self._growth = Growth(self._holes, self._crew, self._news, sink, waits=encoder.grows)
        self._scribe = Scribe(self._outbox.frames, encoder, document.size)
        self._root: Hole | None = None
        """The one that is the document itself, where that is awaited."""

    def _grow(self, hole: Hole) -> Coroutine[None, None, None]:
        return self._growth.run(hole)

    async def run(self) -> None:
        """Write everything; raises what makes the whole fail."""
        try:
            root = self._holes.encode(self._document.content)
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
            while self._holes.open or self._news:
                await self._advance()
            if self._encoder.whole:
                self._scribe.whole(root, self._document.problems)
            self._outbox.hand_over()
        finally:
            self._news.close()
            await self._crew.aclose(self._holes.open.values())

    async def _advance(self) -> None:
        """Write what is new once something is."""
        await self._news.wait()
        if self._holes.unripe:
            await self._ripen()
        ready = self._news.taken()
        self._growth.taken()
        # What came for lists and texts goes first, and all of it: one that stands in it is not to be closed before.
        for hole in ready:
            self._scribe.write(hole)
        later: list[Hole] = []
        for count, hole in enumerate([hole for hole in ready if hole.arrived], 1):
            self._settle(hole)
            if later or self._holes.unripe:
                later.append(hole)
            else:
                self._scribe.write(hole)
            if not count % MANY:
                await self._breathe()
        if later:
            await self._ripen()
            for hole in later:
                self._scribe.write(hole)
        await self._breathe()
        self._growth.go_on()

    async def _ripen(self) -> None:
        """Let the loop turn while it brings what was found: what is ready at once is never written as missing."""
        pending: list[Hole] = []
        until = monotonic() + _RIPENING
        while pending or self._holes.unripe:
            pending += self._holes.take_unripe()
            await asyncio.sleep(0)
            for hole in pending:
                # A list that is on the wire ends where it is written: behind what has it in it.
                if hole.number is None or hole.kind is Kind.VALUE or not self._encoder.grows:
                    self._settle(hole)
            waiting = [hole for hole in pending if not hole.settled]
            if len(waiting) == len(pending) or monotonic() >= until:
                break
            pending = waiting

    async def _breathe(self) -> None:
        self._holes.check_size()
        await self._outbox.breathe()

    def _settle(self, hole: Hole) -> None:
        if hole.settled or not hole.arrived:
            return
        hole.settle()
        self._holes.settled(hole)
        try:
            self._look_at(hole)
        finally:
            hole.forget()

    def _look_at(self, hole: Hole) -> None:
        if hole.error is not None:
            self._fail(hole, hole.error)
        elif hole.kind is Kind.VALUE:
            try:
                hole.part = self._holes.encode(hole.value, hole)
            except Exception as unwritable:  # noqa: BLE001 - it is the reader's to know, or the whole's
                self._fail(hole, unwritable)
        elif hole.number is None or not self._encoder.grows:
            batch, hole.batch = hole.batch or [], []
            hole.part = text_of(batch) if hole.kind is Kind.TEXT else array_of(batch)

    def _fail(self, hole: Hole, error: BaseException) -> None:
        if not isinstance(error, Exception):
            # Not as it is: whoever serves the request would take it for a cancellation of its own.
            what = f"raised {type(error).__name__}"
            if isinstance(error, asyncio.CancelledError):
                what = "was cancelled, or awaited something that was, on its own"
            ended = RuntimeError(f"{hole} {what}")
            ended.__cause__ = error
            error = ended
        if isinstance(error, RuntimeError) and str(error) in _AWAITED_TWICE:
            error.add_note("What stands in several parts has to be a task: asyncio.ensure_future(coroutine).")
        if hole is self._root or (self._encoder.whole and self._document.problems is None):
            error.add_note(f"It was {hole}.")
            raise error
        hole.failure = problem_of(error, str(hole))
        self._sink.failed_parts += 1
