"""A clock for code that is given one: whoever sleeps by it has slept."""

from __future__ import annotations

import asyncio
import math
import threading


class Clock:
    """Time that passes only where somebody lets it, and then at once.

    It has what the clock of `tailrace.client` has. `naps` are the seconds that were slept or waited, in their
    order. May be used from several threads.
    """

    def __init__(self, *, monotonic: float = 0.0, wall: float = 1_000_000_000.0) -> None:
        self.naps: list[float] = []
        self._passed = 0.0
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return self._monotonic + self._passed

    def wall(self) -> float:
        """Seconds since 1970."""
        return self._wall + self._passed

    async def sleep(self, seconds: float) -> None:
        """Let the time pass; others have a turn of the event loop meanwhile."""
        self._pass(seconds)
        if math.isinf(seconds):
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Let the time pass, unless the event is set: whether it is."""
        if event.is_set():
            return True
        self._pass(seconds)
        return event.wait() if math.isinf(seconds) else event.is_set()

    def _pass(self, seconds: float) -> None:
        if math.isnan(seconds):
            raise ValueError("expected seconds, got nan")
        with self._lock:
            self.naps.append(seconds)
            if math.isfinite(seconds):
                self._passed += max(0.0, seconds)
