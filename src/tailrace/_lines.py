"""Bytes to lines: incremental, linear, bounded."""

from __future__ import annotations

_LF = b"\n"
_LF_BYTE = 10


class Lines:
    """Cuts a body into lines that end in LF, whatever the chunks.

    `size` is how much came behind the last line's end. Once a line is over `limit` bytes, `overlong` is set
    and no line comes any more.
    """

    __slots__ = ("_limit", "_rest", "overlong", "size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # Of pieces in a list, the smallest would take forty times their size.
        self._rest = bytearray()
        self.size = 0
        self.overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        if self.overlong:
            return []
        # Most of a long line is skipped by memchr, which `split` does not use.
        lines = data.split(_LF) if _LF_BYTE in data else [data]
        rest = lines.pop()
        if lines and self._rest:
            self._rest += lines[0]
            lines[0] = bytes(self._rest)
            self._rest, self.size = bytearray(), 0
        if rest:
            self._rest += rest
            self.size += len(rest)
        # Only a long chunk, or many small ones, can make a long line: look at each line then only.
        if self.size > self._limit or len(data) > self._limit or (lines and len(lines[0]) > self._limit):
            return self._within_limit(lines)
        return lines

    def _within_limit(self, lines: list[bytes]) -> list[bytes]:
        for index, line in enumerate(lines):
            if len(line) > self._limit:
                self.overlong = True
                return lines[:index]
        self.overlong = self.size > self._limit
        if self.overlong:
            self._rest = bytearray()  # the error may be kept for long, and what it is about with it
        return lines

    def rest(self) -> bytes:
        """What came after the last line's end."""
        return bytes(self._rest)
