"""When the records of a document go out: what comes after a pause at once, else once a millisecond."""

from __future__ import annotations

import asyncio
from time import monotonic  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tailrace._filling.hole import Hole
    from tailrace._sink import Sink

_TURN: Final = 0.005
"""Seconds that writing may keep the event loop without a pause."""
_GROWING: Final = 0.001
"""Seconds for which what comes in quick succession is collected."""
_LARGE: Final = 4096
"""Bytes of records that are handed over at once."""
MANY: Final = 16
"""Records that are."""


class Outbox:
    """The records that were written and not handed over."""

    def __init__(self, sink: Sink) -> None:
        self.frames: list[bytes] = []
        self._sink = sink
        self._handed_at = 0.0

    def rest(self) -> float:
        """Seconds until it is time, 0 or less if it is."""
        return self._handed_at + _GROWING - monotonic()

    def hand_over(self) -> None:
        """Give the sink everything."""
        self._sink.frames += self.frames
        self.frames.clear()
        self._handed_at = monotonic()

    async def breathe(self) -> None:
        """Hand over what is due, and give way to what takes it, and to all others."""
        now, frames = monotonic(), self.frames
        if frames and (
            now >= self._handed_at + _GROWING or len(frames) >= MANY or sum(map(len, frames)) >= _LARGE
        ):
            self.hand_over()
            if self._sink.count() >= self._sink.high:
                await self._sink.room()
                return
        if now - self._sink.resumed >= _TURN:
            await asyncio.sleep(0)


class News:
    """The holes of which there are news, and who waits until they are to be written."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._loop = asyncio.get_running_loop()
        self._ready: list[Hole] = []
        self._urgent = False
        """Whether they cannot wait: some are not just more of a list or a text, or a source is held up."""
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._ready)

    def announce(self, hole: Hole) -> None:
        """Have a hole looked at, soon."""
        if not hole.queued:
            hole.queued = True
            self._ready.append(hole)
        if hole.arrived:
            self._urgent = True
        if not self._urgent:
            self._wake_in_time()
        elif self._waiter is not None:
            self._wake()

    def hurry(self) -> None:
        """Have what there is looked at now."""
        self._urgent = True
        self._wake()

    async def wait(self) -> None:
        """Wait until it is time to write."""
        while not self._is_time():
            self._waiter = self._loop.create_future()
            await self._waiter

    def taken(self) -> list[Hole]:
        """The holes of which there are news, and were until now."""
        ready, self._ready, self._urgent = self._ready, [], False
        for hole in ready:
            hole.queued = False
        return ready

    def close(self) -> None:
        """Wake nobody any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _is_time(self) -> bool:
        """Whether there is something to write now; what was written is handed over when its time has come."""
        if self._urgent and self._ready:
            return True
        due = self._outbox.rest() <= 0
        if self._outbox.frames and due:
            self._outbox.hand_over()
        elif self._outbox.frames or (self._ready and not due):
            self._wake_in_time()
        return bool(self._ready) and due

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _wake_in_time(self) -> None:
        rest = self._outbox.rest()
        if rest <= 0:
            self._wake()
        elif self._timer is None:
            self._timer = self._loop.call_later(rest, self._due)

    def _due(self) -> None:
        self._timer = None
        self._wake()
