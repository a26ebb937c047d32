"""Running a source so that its pauses are seen."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from tailrace._sink import Sink


class Watched:
    """Awaits a coroutine, and tells the sink whenever it suspends and leaves something behind."""

    __slots__ = ("_coroutine", "_sink")

    def __init__(self, coroutine: Coroutine[Any, Any, None], sink: Sink) -> None:
        self._coroutine = coroutine
        self._sink = sink

    def __await__(self) -> Generator[Any, Any, None]:
        coroutine, sink = self._coroutine, self._sink
        frames, send = sink.frames, coroutine.send
        error: BaseException | None = None
        try:
            while True:
                try:
                    held_by = send(None) if error is None else coroutine.throw(error)
                except StopIteration:
                    return
                if frames or sink.joined:
                    sink.paused(held_by)
                error = None
                try:
                    yield held_by
                except BaseException as thrown:  # noqa: BLE001 - a cancellation is for the coroutine
                    error = thrown
                sink.resumed = monotonic()
        finally:
            error = None  # its traceback holds this frame
