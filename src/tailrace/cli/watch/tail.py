"""The last lines of a text, or the last bytes."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from rich.text import Text

_MOST: Final = 500
_ROW: Final = 16
_LONGEST: Final = 4096
"""Characters of a line, which no terminal has the columns for."""


class TextTail:
    """Pieces of text, of which the last lines are shown."""

    noun = "character"

    def __init__(self) -> None:
        self._lines: deque[str] = deque([""], maxlen=_MOST)

    def take(self, item: Any) -> None:
        """One more piece."""
        first, *more = str(item[1]).split("\n")
        last = self._lines[-1]
        if len(last) < _LONGEST:
            self._lines[-1] = (last + first)[:_LONGEST]
        self._lines.extend(line[:_LONGEST] for line in more)

    def draw(self, height: int) -> Text:
        """As many lines as there is room for."""
        return Text("\n".join(list(self._lines)[-height:]), no_wrap=True, overflow="ellipsis")


class BytesTail:
    """Pieces of bytes, of which the last are shown as numbers and as text."""

    noun = "byte"

    def __init__(self) -> None:
        self._last = b""
        self._count = 0

    def take(self, item: Any) -> None:
        """One more piece."""
        self._count += len(item[1])
        self._last = (self._last + item[1])[-_MOST * _ROW :]

    def draw(self, height: int) -> Text:
        """As many rows as there is room for."""
        text = Text()
        # Whole rows of the body, so that they stay where they are while it grows.
        first = self._count - len(self._last)
        start = max(first, (self._count - 1) // _ROW * _ROW - (height - 1) * _ROW)
        start += -start % _ROW if start == first else 0
        for offset in range(start, self._count, _ROW):
            row = self._last[offset - first : offset - first + _ROW]
            shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)  # noqa: PLR2004 - ASCII
            text.append(f"{offset:08x}  ", style="dim").append(f"{row.hex(' '):<47}  ").append(
                f"{shown}\n", style="cyan"
            )
        return text
