"""An encoder that makes each item a value of some type first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace._event import Event, says_nothing
from tailrace._json import NotPlain, unwritable
from tailrace.formats._base import Encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace._model import Problem


class Checked(Encoder):
    """Another encoder, whose items are converted before it sees them; an event's data in its place."""

    def __init__(self, encoder: Encoder, convert: Callable[[Any], Any]) -> None:
        super().__init__(self._encode_converted)
        self._encoder = encoder
        self._convert = convert
        self._kept: tuple[Any, Any] | None = None
        self.opening, self.lead, self.tail = encoder.opening, encoder.lead, encoder.tail
        self.keep_alive, self.terminal_id = encoder.keep_alive, encoder.terminal_id
        self.compressible, self.longest_run = encoder.compressible, encoder.longest_run

    def _converted(self, item: Any) -> Any:
        # Once for each item: it may be an iterator, or its own validators may take their time.
        if self._kept is None or self._kept[0] is not item:
            self._kept = item, self._convert_item(item)
        return self._kept[1]

    def _convert_item(self, item: Any) -> Any:
        if says_nothing(item):
            return item
        return item.with_data(self._convert(item.data)) if isinstance(item, Event) else self._convert(item)

    def _encode_converted(self, item: Any) -> bytes:
        value = self._converted(item)
        try:
            frame = self._encoder.encode(value)
        except NotPlain:
            raise
        except Exception as error:
            raise unwritable(error, self._encoder.encode, value, 0) from error
        self._kept = None  # the source may use its item again
        return frame

    def says_nothing(self, item: Any) -> bool:
        return self._encoder.says_nothing(item)

    def adapt(self, item: Any) -> None:
        self._encoder.adapt(self._converted(item))
        self.lead, self.tail = self._encoder.lead, self._encoder.tail

    def join(self, frames: list[bytes]) -> bytes:
        return self._encoder.join(frames)

    def end(self, count: int) -> bytes:
        return self._encoder.end(count)

    def fail(self, problem: Problem) -> bytes:
        return self._encoder.fail(problem)

    def leave(self, after: int | None = None) -> bytes | None:
        return self._encoder.leave(after)
