"""Bytes to lines: incremental, linear, bounded."""

from __future__ import annotations

_CR, _LF = b"\r", b"\n"


class Lines:
    """Cuts a body into lines that end in LF, whatever the chunks; `universal` takes CR and CRLF too.

    A bare CR ends its line at once; the LF of a CRLF that follows is then dropped. (WHATWG HTML 9.2.6)
    Once a line is over `limit` bytes, `overlong` is set and no line comes any more.
    """

    __slots__ = ("_after_cr", "_limit", "_parts", "_size", "_universal", "overlong")

    def __init__(self, limit: int, *, universal: bool = False) -> None:
        self._limit = limit
        self._universal = universal
        self._after_cr = False
        self._parts: list[bytes] = []
        self._size = 0
        self.overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        if self.overlong:
            return []
        *lines, rest = self._split_universal(data) if self._universal else data.split(_LF)
        if lines and self._parts:
            self._parts.append(lines[0])
            lines[0] = b"".join(self._parts)
            self._parts, self._size = [], 0
        if rest:
            self._parts.append(rest)
            self._size += len(rest)
        # Only a long chunk, or many small ones, can make a long line: look at each line then only.
        if self._size > self._limit or len(data) > self._limit or (lines and len(lines[0]) > self._limit):
            return self._within_limit(lines)
        return lines

    def _split_universal(self, data: bytes) -> list[bytes]:
        """Complete lines and what is left behind the last of them, as `split` gives them."""
        if self._after_cr and data:
            self._after_cr = False
            if data.startswith(_LF):
                data = data[1:]
        if not data:
            return [b""]
        self._after_cr = data.endswith(_CR)
        lines = data.splitlines()  # of bytes: at CR, LF and CRLF only
        if self._after_cr or data.endswith(_LF):
            lines.append(b"")
        return lines

    def _within_limit(self, lines: list[bytes]) -> list[bytes]:
        for index, line in enumerate(lines):
            if len(line) > self._limit:
                self.overlong = True
                return lines[:index]
        self.overlong = self._size > self._limit
        return lines

    def rest(self) -> bytes:
        """What came after the last line's end."""
        return b"".join(self._parts)
