"""The tasks of one document: who runs, who waits for its turn, and that nobody is left behind."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from tailrace._finish import closed_at_once, discarded
from tailrace._holes import Kind
from tailrace._problem import log
from tailrace._tree import Part, Place, missing, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from tailrace._model import Problem


class Hole:
    """One part of a document that was not ready when it was found."""

    __slots__ = (
        "arrived",
        "batch",
        "closed",
        "depth",
        "error",
        "failure",
        "key",
        "kind",
        "length",
        "number",
        "part",
        "place",
        "queued",
        "settled",
        "source",
        "task",
        "value",
    )

    def __init__(self, source: Any, kind: Kind, *, key: int) -> None:
        self.source: Any = source
        self.kind = kind
        self.key = key
        """What the document knows it by, while it is open."""
        self.place: Place = None
        self.depth = 0
        self.number: int | None = None
        """What it is called on the wire, once it was written that it is missing."""
        self.task: asyncio.Future[Any] | None = None
        self.value: Any = None
        self.error: BaseException | None = None
        self.arrived = False
        """Whether its value is there, or its error, or its end."""
        self.settled = False
        """Whether that was looked at."""
        self.closed = False
        """Whether that was written."""
        self.queued = False
        """Whether it waits to be looked at."""
        self.part: bytes | Part[Hole] = b"null"
        self.failure: Problem | None = None
        self.batch: list[Any] | None = None
        """Of a list or a text: what came and was not written yet."""
        self.length = 0
        """Of a list: the elements that came."""

    def stand_at(self, place: Place, depth: int) -> None:
        """Take note of the first place."""
        if not self.depth:
            self.place, self.depth = place, depth

    @property
    def is_inline(self) -> bool:
        """Whether its value stands where it is, once it is settled: it has no number, or none any more."""
        return self.failure is None and (self.number is None or self.closed)

    def add(self, part: Any) -> None:
        """Take an element of a list, or a piece of a text."""
        if self.batch is None:
            self.batch = []
        self.batch.append(part)

    def forget(self) -> None:
        """Keep nothing of where it came from: an error's traceback holds all that ran."""
        self.source = self.task = self.value = self.error = None

    def __str__(self) -> str:
        where = pointer(self.place)
        return f"the part {where} of a document" if where else "a document"


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
        self._dropped: list[Any] = []
        self.closing = False
        """Whether nothing is started any more."""

    def start(self, hole: Hole) -> None:
        """Run it as soon as there is room."""
        if self.closing:
            self.drop(hole.source)
        elif hole.kind is Kind.VALUE and not asyncio.isfuture(hole.source):
            self._waiting.append(hole)
            self._fill()
        elif hole.kind is Kind.VALUE:
            hole.task = hole.source
            hole.source.add_done_callback(partial(self._done, hole))
        else:
            self._run(hole)

    def _done(self, hole: Hole, future: asyncio.Future[Any]) -> None:
        """Take what a future has, which was made by somebody else."""
        hole.arrived = True
        try:
            hole.value = future.result()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the hole's
            hole.error = error
        self._arrived(hole)

    def _fill(self) -> None:
        while self._waiting and self._running < self._most:
            self._running += 1
            self._run(self._waiting.popleft(), takes_room=True)

    def _run(self, hole: Hole, *, takes_room: bool = False) -> None:
        work = self._result(hole, takes_room=takes_room)
        hole.task = self._loop.create_task(work, context=self._context.copy())

    async def _result(self, hole: Hole, *, takes_room: bool) -> None:
        try:
            if hole.kind is Kind.VALUE:
                hole.value = await hole.source
            else:
                await self._grow(hole)
        except BaseException as error:
            hole.error = error
            if not isinstance(error, Exception):
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
