"""The tasks of one document: who runs, who waits for its turn, and that nobody is left behind."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tailrace._finish import closed_at_once, discarded
from tailrace._holes import Kind
from tailrace._problem import log
from tailrace._tree import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from tailrace._filling.hole import Hole


_ENDING: Final = (asyncio.CancelledError, KeyboardInterrupt, SystemExit)
"""What ends a task, or the process, and is not its result."""


class Crew:
    """Runs what holes wait for, `most` awaitables at a time; `arrived` is called with each hole that has its result.

    Lists and texts, which `grow` runs, have no turn to wait for: one that never ends would keep all others from
    theirs.
    """

    def __init__(
        self, most: int, grow: Callable[[Hole], Coroutine[Any, Any, None]], arrived: Callable[[Hole], None]
    ) -> None:
        self._most = most
        self._grow = grow
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        # Not that of whoever runs at the moment: a task starts the next one where it ends.
        self._context = contextvars.copy_context()
        self._waiting: deque[Hole] = deque()
        self._running = 0
        self._starting = False
        self._dropped: list[Any] = []
        self.closing = False
        """Whether nothing is started any more."""

    def start(self, holes: Iterable[Hole]) -> None:
        """Run them as soon as there is room."""
        for hole in holes:
            if self.closing:
                self.drop(hole.source)
            elif hole.kind is not Kind.VALUE:
                self._run(hole)
            elif asyncio.isfuture(hole.source):
                hole.task = hole.source
                hole.source.add_done_callback(partial(self._done, hole))
            else:
                self._waiting.append(hole)
        self._fill()

    def _done(self, hole: Hole, future: asyncio.Future[Any]) -> None:
        """Take what a future has, which was made by somebody else."""
        hole.arrived = True
        try:
            hole.value = future.result()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the hole's
            hole.error = error
        self._arrived(hole)

    def _fill(self) -> None:
        if self._starting:  # a task of an eager factory has ended before it was there: the loop goes on
            return
        self._starting = True
        try:
            while self._waiting and self._running < self._most:
                self._running += 1
                self._run(self._waiting.popleft())
        finally:
            self._starting = False

    def _run(self, hole: Hole) -> None:
        hole.task = self._loop.create_task(self._result(hole), context=self._context.copy())

    async def _result(self, hole: Hole) -> None:
        takes_room = hole.kind is Kind.VALUE
        try:
            hole.value = await (hole.source if takes_room else self._grow(hole))
        except BaseException as error:
            hole.error = error
            if isinstance(error, _ENDING):
                raise
        finally:
            hole.arrived = True
            if takes_room:
                self._running -= 1
                self._fill()
            self._arrived(hole)

    def drop(self, source: Any) -> None:
        """See to it that what nobody will wait for leaves nothing behind."""
        if not closed_at_once(source):
            self._dropped.append(source)

    async def aclose(self, holes: Iterable[Hole]) -> None:
        """Cancel all that run, each once, and wait for them; nothing that they were made of is left."""
        self.closing = True
        holes = list(holes)
        tasks = {hole.task for hole in holes if hole.task is not None and not hole.task.done()}
        for hole in self._waiting:
            self.drop(hole.source)
        self._waiting.clear()
        for task in tasks:
            task.cancel()
        try:
            if tasks:
                await asyncio.wait(tasks)
        finally:
            for hole in holes:
                if hole.task in tasks and isinstance(hole.error, Exception):
                    log.error("%s raised while it was cancelled", hole, exc_info=hole.error)
                # What was cancelled before its first step has not begun to wait for its source.
                self._dropped += [hole.source, *missing(hole.value)]
                hole.forget()
            dropped, self._dropped = self._dropped, []
            await discarded(*dropped)
