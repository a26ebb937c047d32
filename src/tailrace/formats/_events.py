"""The reading side of server-sent events: WHATWG HTML, sections 9.2.5 and 9.2.6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tailrace._event import Event, received
from tailrace._lines import Lines
from tailrace.errors import LimitExceeded
from tailrace.formats._base import BaseDecoder

if TYPE_CHECKING:
    from tailrace._model import Limits

_BOM: Final = b"\xef\xbb\xbf"
_CR: Final = ord("\r")
_BLANK: Final = b"\n\n"
_PIECE: Final = 16 * 1024
"""Bytes that are read at once: what is made of them stays in the processor's cache."""
_HELD: Final = 4 * 1024
"""Bytes of a block that wait for its end; each is copied again with every chunk that does not bring it."""
_LONG: Final = 1024
"""Bytes of a line that is long."""
_RETRY_DIGITS: Final = 15
"""More are read as the longest of them, thirty thousand years: Python reads no number of 4,301 digits."""

_blocks: Final = re.compile(
    # What nearly every block is: data, and before or behind it other fields, of which the last counts.
    r"(?:(?:event: ?+([^\n]*+)|id: ?+([^\n\0]++)|retry: ?+([0-9]{1,15}+))\n)*"
    r"data: ?+([^\n]*+)\n((?:data: [^\n]*+\n)*+)"
    r"(?:\n|((?:(?:(?:event|id): ?+[^\n\0]++|retry: ?+[0-9]{1,15}+)\n)+)\n)"
    # Any other.
    r"|((?:[^\n]++\n)*+\n)"
).findall
_NO_EVENT: Final = re.compile(b":|retry:|$")
"""A line that says nothing of an event."""
_fields: Final = re.compile(r"(event|id|retry): ?+([^\n]++)").findall


class EventStreamDecoder(BaseDecoder[Event]):
    """Server-sent events to `Event`s, each at the byte that ends its block.

    `last_event_id` is what a reconnecting reader sends, `retry` the reconnection time in milliseconds
    that the server asked for. Bytes that are not UTF-8 are replaced by U+FFFD; a block that the end of
    the body cuts is dropped; neither is an error, as the standard has it.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.last_event_id: str = ""
        self.retry: int | None = None
        self._bom: bytes | None = b""
        self._after_cr = False
        # Two such parts together are within every limit, also if each byte becomes U+FFFD, which has three.
        little = min(limits.line, limits.event) // 6
        self._step = max(1, min(_PIECE, little))
        self._most = min(_HELD, little)
        self._held: bytes = b""
        """What came of a block that is not complete, and is not looked at yet."""
        self._inside = False
        """Whether a block has begun that is read line by line."""
        self._lines = Lines(limits.line)
        self._data = bytearray()
        self._event = b""
        self._id: bytes | None = None
        self._beside = 0
        """Bytes of the event's name and id."""

    def _take(self, data: bytes, items: list[Event]) -> None:
        if self._bom is not None:
            data = self._without_bom(self._bom + data)
        if _CR in data or (self._after_cr and data):
            data = self._with_lf(data)
        if len(data) > self._step:
            for begin in range(0, len(data), self._step):
                self._take_piece(data[begin : begin + self._step], items)
        elif data.endswith(_BLANK) and not self._inside:
            self._take_blocks(self._held + data, items)
            self._held = b""
        else:
            self._take_piece(data, items)
        self._count += len(items)

    def _without_bom(self, start: bytes) -> bytes:
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._bom = start
            return b""
        self._bom = None
        return start.removeprefix(_BOM)

    def _with_lf(self, data: bytes) -> bytes:
        """The same, in which LF ends the lines: a bare CR does at once, and the LF of a CRLF is then dropped."""
        begin = 1 if self._after_cr and data.startswith(b"\n") else 0
        self._after_cr = data.endswith(b"\r")
        return data[begin:].replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _take_piece(self, piece: bytes, items: list[Event]) -> None:
        """Complete blocks are read at once; others wait for their end, or are read line by line."""
        if self._inside:
            piece = self._to_blank_line(piece, items)
            if not piece:
                return
        piece = self._held + piece
        last = piece.rfind(b"\n") + 1
        if end := piece.rfind(_BLANK, 0, last) + 1:
            self._take_blocks(piece[: end + 1], items)
            piece = piece[end + 1 :]
            last -= end + 1
        # A reconnection time counts at once.
        if len(piece) > self._most or piece.find(b"retry", 0, last) >= 0:
            self._held, self._inside = b"", True
            self._take_lines(piece, items)
        else:
            self._held = piece

    def _to_blank_line(self, piece: bytes, items: list[Event]) -> bytes:
        """What comes behind the block that the piece begins in."""
        # One byte is found several times as fast as two, which matters in a long line. Where there is none,
        # the last byte is looked at, which is no blank line either.
        end = piece.find(_BLANK, piece.find(b"\n")) + 1
        self._inside = not end
        self._take_lines(piece[: end + 1] if end else piece, items)
        return piece[end + 1 :] if end else b""

    def _take_blocks(self, blocks: bytes, items: list[Event]) -> None:
        """Complete blocks, too small for any limit."""
        text = blocks.decode("utf-8", "replace")
        # Most of what is live: one event, and only data.
        if text.startswith("data: ") and text.find("\n") == len(text) - 2:
            items.append(received(text[6:-2], None, self.last_event_id))
            return
        begin = self._take_long(text, items) if len(text) > _LONG and text.find("\n", 0, _LONG) < 0 else 0
        for event, id_, retry, data, more, behind, other in _blocks(text, begin):
            if other:
                self._take_lines(other.encode(), items)
                continue
            if behind:
                fields = {"event": event, "id": id_, "retry": retry} | dict(_fields(behind))
                event, id_, retry = fields.values()  # noqa: PLW2901 - the last of each counts
            if id_:
                self.last_event_id = id_
            if retry:
                self.retry = int(retry)
            if more:
                data += "\n" + more[6:-1].replace("\ndata: ", "\n")  # noqa: PLW2901 - all of it
            items.append(received(data, event or None, self.last_event_id))

    def _take_long(self, text: str, items: list[Event]) -> int:
        """Blocks of one long line of data, up to one that is not: memchr finds their ends several times as fast."""
        begin = 0
        while text.startswith("data: ", begin):
            end = text.find("\n", begin)
            if not text.startswith("\n", end + 1):
                break
            items.append(received(text[begin + 6 : end], None, self.last_event_id))
            begin = end + 2
        return begin

    def _take_lines(self, data: bytes, items: list[Event]) -> None:
        """Whatever there may be, within the limits."""
        for line in self._lines.feed(data):
            if line.startswith(b"data: "):
                self._data += line[6:]
                self._data += b"\n"
            elif line:
                name, _, value = line.partition(b":")
                self._field(name, value.removeprefix(b" "))
            else:
                self._dispatch(items)
                continue
            if len(self._data) + self._beside > self.limits.event:
                raise self._too_large(
                    f"an event is over the limit of {self.limits.event} bytes (Limits.event)", items
                )
        if self._lines.overlong:
            raise self._too_large(
                f"a line is over the limit of {self.limits.line} bytes (Limits.line)", items
            )

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._data += value
            self._data += b"\n"
        elif name == b"event":
            self._event = value
            self._beside = len(value) + len(self._id or b"")
        elif name == b"id":
            if b"\0" not in value:
                self._id = value
                self._beside = len(self._event) + len(value)
        elif name == b"retry" and value.isdigit():  # of bytes: ASCII digits only
            digits = value.lstrip(b"0")
            self.retry = int(digits or b"0") if len(digits) <= _RETRY_DIGITS else 10**_RETRY_DIGITS - 1

    def _dispatch(self, items: list[Event]) -> None:
        if self._id is not None:
            self.last_event_id, self._id = self._id.decode("utf-8", "replace"), None
        if self._data:
            del self._data[-1]
            data = self._data.decode("utf-8", "replace")
            items.append(received(data, self._event.decode("utf-8", "replace") or None, self.last_event_id))
            self._data = bytearray()
        self._event, self._beside = b"", 0

    @property
    def inside(self) -> bool:
        """Whether an event has begun that is not complete."""
        lines = (self._lines.rest() if self._inside else self._held).split(b"\n")
        return bool(self._data or self._beside or any(not _NO_EVENT.match(line) for line in lines))

    def _end(self, items: list[Event]) -> None:
        del items

    def _too_large(self, reason: str, items: list[Event]) -> LimitExceeded:
        self._data = bytearray()
        return LimitExceeded(reason, record=self._count + len(items))
