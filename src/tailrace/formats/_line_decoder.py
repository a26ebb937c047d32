"""Bodies that are lines, each of which is a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from tailrace._lines import Lines
from tailrace.formats._base import BaseDecoder

if TYPE_CHECKING:
    from tailrace._model import Limits

T = TypeVar("T")

_SPACE: Final = b" \t\r"


class LineDecoder(BaseDecoder[T]):
    """Takes a body line by line; blank lines, and white space around a record, are skipped."""

    _what: ClassVar[str] = "line"
    """What a line is called in an error."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._lines = Lines(limits.line)

    def _take(self, data: bytes, items: list[T]) -> None:
        for line in self._lines.feed(data):
            text = line.strip(_SPACE)
            if text:
                self._line(text, items)
            self._offset += len(line) + 1
        if self._lines.overlong:
            raise self._too_long(f"a {self._what}")

    def _line(self, text: bytes, items: list[T], /) -> None:
        raise NotImplementedError

    def _rest(self) -> bytes:
        """What came behind the last line's end."""
        return self._lines.rest().strip(_SPACE)
