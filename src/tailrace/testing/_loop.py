"""An event loop whose clock jumps: what only waits for time does not wait."""

from __future__ import annotations

import asyncio
import contextlib
import math
import selectors
import sys
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple, Unpack

from tailrace.testing._threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from concurrent.futures import Executor
    from contextvars import Context
    from types import ModuleType

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LOOK: Final = 0.001
"""Real seconds between two looks at threads that are at work."""

_TIRELESS: Final = 10_000
"""Turns of the loop without a jump behind which turns take time, as they do in a real one."""

_TURN: Final = 0.000_01
"""Seconds that such a turn takes."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop whose `time()` stands still while something happens, and jumps when nothing does.

    It begins at 0. When no callback is ready, no descriptor either, and only timers are waited for, the time is
    that of the next timer at once: an hour of `asyncio.sleep`, of time-outs and keep-alives takes no time, and
    the same turn of events gives the same times. While it runs, the modules of tailrace go by its time too, but
    other code's `time.monotonic()` does not.

    A thread that was started since the loop was made and is at work may call back: the loop waits for it, for up
    to `grace` real seconds before each jump. A thread is known to wait, and is not waited for, where it waits
    without a time-out for a `threading` event, condition, semaphore or barrier, a `queue.Queue` or a
    `concurrent.futures` future, or for work in an executor. Of any other, such as one in `time.sleep`, in a
    read from a socket or in a lock's own `acquire`, the loop cannot know whether it will ever call back, and
    waits the whole `grace`. It does not see threads that were there before, other processes, and what takes
    longer than `grace`; while it has sockets open, it waits for these as for threads.

    A coroutine that asks for the time again and again without waiting ends too: behind 10,000 turns of the loop in
    which nothing but that happened, each turn takes 10 µs.
    """

    def __init__(self, *, grace: float = 1.0) -> None:
        self._passing = _Passing(grace)
        super().__init__(self._passing)
        if not grace >= 0:
            self.close()
            raise ValueError(f"grace={grace!r}: expected seconds, from 0")

    def time(self) -> float:
        """The seconds that have passed, most of them in no time."""
        return self._passing.now

    @property
    def jumps(self) -> list[float]:
        """The seconds of each jump so far."""
        return list(self._passing.jumps)

    @property
    def jumped(self) -> float:
        """The seconds that nobody had to wait for: the sum of all jumps."""
        return math.fsum(self._passing.jumps)

    def run_forever(self) -> None:
        """Run until it is stopped."""
        with _tailrace_follows():
            super().run_forever()

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a time; never, where that is the end of all time."""
        if when == math.inf:  # there is no way to get there by jumps
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run something in a thread, whose answer is waited for before the time jumps."""
        answer: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._passing.threads.submitted += 1
        answer.add_done_callback(self._answered)
        return answer

    def _answered(self, _: asyncio.Future[Any]) -> None:
        self._passing.threads.submitted -= 1


class _Passing(selectors.DefaultSelector):
    """The passing of time: asks what is ready, and where only time is waited for, it has passed."""

    def __init__(self, grace: float) -> None:
        super().__init__()
        self.now = 0.0
        self.jumps: list[float] = []
        self.threads = Threads()
        self._grace = grace
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, after `timeout` seconds at most, which take no time."""
        if timeout is None:
            return super().select()
        ready = super().select(0)
        if timeout > 0:
            ready = ready or self._outside()
            if not ready:
                self.now += timeout
                self.jumps.append(timeout)
                self._turns = 0
            return ready
        self._turns += 1
        if self._turns > _TIRELESS:
            self.now += _TURN
        return ready

    def _outside(self) -> list[tuple[selectors.SelectorKey, int]]:
        """What comes within the grace, as long as somebody outside the loop may have something to say."""
        patience = time.monotonic() + self._grace
        while self._sockets() or self.threads.at_work():
            if time.monotonic() >= patience:
                break
            ready = super().select(_LOOK)
            if ready:
                return ready
        return super().select(0)

    def _sockets(self) -> bool:
        return len(self.get_map()) > 1  # one is the loop's own


def run(main: Coroutine[Any, Any, T], *, grace: float = 1.0) -> T:
    """Run a coroutine as `asyncio.run` does, in a `JumpingLoop`."""
    with asyncio.Runner(loop_factory=lambda: JumpingLoop(grace=grace)) as runner:
        return runner.run(main)


# The pump measures short times, for which a loop's own clock is too coarse in production: it reads the system's.
# Under a loop that jumps that one would stand still for it.

_lock: Final = threading.Lock()
_following: Final[list[ModuleType]] = []
_loops: Final[list[None]] = []
"""One for each loop that runs: they may do so in several threads."""


@contextlib.contextmanager
def _tailrace_follows() -> Generator[None]:
    import_module("tailrace.asgi")  # all that measures time comes with it
    with _lock:
        _loops.append(None)
        for name, module in list(sys.modules.items()):
            if name.startswith("tailrace.") and vars(module).get("monotonic") is time.monotonic:
                vars(module)["monotonic"] = _monotonic
                _following.append(module)
    try:
        yield
    finally:
        with _lock:
            _loops.pop()
            while _following and not _loops:
                vars(_following.pop())["monotonic"] = time.monotonic


def _monotonic() -> float:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return time.monotonic()
    return loop.time() if isinstance(loop, JumpingLoop) else time.monotonic()
