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
        lines = self._lines.feed(data)
        if lines and not self._lines.overlong and self._at_once(lines, data, items):
            self._offset = self._total + len(data) - self._lines.size
            return
        for line in lines:
            text = line.strip(_SPACE)
            if text:
                self._line(text, items)
            self._offset += len(line) + 1
        if self._lines.overlong:
            raise self._too_long(f"a {self._what}")

    def _at_once(self, lines: list[bytes], data: bytes, items: list[T], /) -> bool:
        """Take the lines that `data` has completed without looking at each, or leave them all to `_line`."""
        del lines, data, items
        return False

    def _line(self, text: bytes, items: list[T], /) -> None:
        raise NotImplementedError

    def _rest(self) -> bytes:
        """What came behind the last line's end."""
        return self._lines.rest().strip(_SPACE)
