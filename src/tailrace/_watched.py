"""Running a source so that its pauses are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator


class Watcher(Protocol):
    """Who wants to know that a source pauses while frames are waiting."""

    frames: list[bytes]

    def paused(self, held_by: object) -> None:
        """The source is about to wait for `held_by`: a future, or None for the next turn of the loop."""


class Watched:
    """Awaits a coroutine, and tells the watcher whenever it suspends and leaves frames behind."""

    __slots__ = ("_coroutine", "_watcher")

    def __init__(self, coroutine: Coroutine[Any, Any, None], watcher: Watcher) -> None:
        self._coroutine = coroutine
        self._watcher = watcher

    def __await__(self) -> Generator[Any, Any, None]:
        coroutine, watcher = self._coroutine, self._watcher
        frames, send = watcher.frames, coroutine.send
        error: BaseException | None = None
        while True:
            try:
                held_by = send(None) if error is None else coroutine.throw(error)
            except StopIteration:
                return
            if frames:
                watcher.paused(held_by)
            error = None
            try:
                yield held_by
            except BaseException as thrown:  # noqa: BLE001 - a cancellation is for the coroutine
                error = thrown
