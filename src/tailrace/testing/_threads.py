"""Whether another thread may still have something to say to an event loop."""

from __future__ import annotations

import sys
import threading
import weakref
from concurrent.futures import thread as pool
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from types import CodeType, FrameType

_CONDITION: Final = threading.Condition.wait.__code__
"""Where a thread stands that waits for an event, a future, a semaphore or a queue."""

_WORKER: Final = cast("CodeType", vars(pool)["_worker"].__code__)
"""Where a thread of an executor stands that has no work."""


class Threads:
    """The threads that were started since this was made: who was there before speaks to somebody else."""

    def __init__(self) -> None:
        self._before = weakref.WeakSet(threading.enumerate())
        self.submitted = 0
        """What the event loop itself has given to an executor, and has no answer to yet."""

    def at_work(self) -> bool:
        """Whether one of them does something, as far as can be seen."""
        if not self.submitted and threading.active_count() == 1:
            return False
        # Twice, for one may have woken another in between and gone to sleep itself.
        return self._at_work() or self._at_work()

    def _at_work(self) -> bool:
        frames, in_work = sys._current_frames(), 0  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - documented, for purposes such as this
        here = threading.get_ident()
        for thread in threading.enumerate():
            if thread.ident == here or thread in self._before:
                continue
            frame = frames.get(thread.ident or 0)
            if frame is None or not _waits(frame):
                return True
            in_work += _is_in_work(frame)
        # What was submitted and is in no thread yet is on its way to one.
        return self.submitted > in_work


def _waits(frame: FrameType) -> bool:
    """Whether a thread waits until another one wakes it."""
    if frame.f_code is _WORKER:
        return True
    if frame.f_code is not _CONDITION:
        return False
    names: dict[str, Any] = frame.f_locals
    if names.get("timeout") is not None:  # it will wake by itself
        return False
    # One that was woken, and has not run since, is in the list no more.
    return "waiter" in names and names["waiter"] in names["self"]._waiters  # noqa: SLF001 - there is no other sign


def _is_in_work(frame: FrameType) -> bool:
    """Whether a thread of an executor has something to do."""
    below = frame.f_back
    while below is not None:
        if below.f_code is _WORKER:
            return True
        below = below.f_back
    return False
