"""Time, as a reader needs it: an argument, so that it can jump in tests."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading


class Clock:
    """The system's time, or on an event loop that loop's."""

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        await asyncio.sleep(seconds)

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Let the time pass, unless the event is set before: whether it is."""
        return event.wait(seconds)
