"""Newline-delimited JSON, also called JSON Lines: one JSON text and LF for each item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import msgspec

from tailrace._json import Decode, ForeignEncoder, decode, dumps
from tailrace._model import Limits, Problem
from tailrace.errors import DecodeError, EncodeError, LimitExceeded, Truncated
from tailrace.formats._base import Encoder, JSONEncoder
from tailrace.formats._failure import open_problem, refuse_failed
from tailrace.formats._line_decoder import LineDecoder

_MEDIA_TYPES = ("application/x-ndjson", "application/jsonl", "application/ndjson")
_END = b'"end"'
_LONGEST_END = 256


@dataclass(frozen=True, slots=True)
class NDJSON:
    """Lines of JSON.

    A failed stream ends in an unterminated record, `{"problem":{…}` without its brace and LF, which
    every JSON parser refuses. With `end`, a last record `{"end":{"count":N}}` says that all N items
    were there, the media type says `end=1`, and a decoder refuses a body without it.
    """

    end: bool = False
    name: ClassVar[str] = "ndjson"

    @property
    def media_types(self) -> tuple[str, ...]:
        """The three spellings in use; a reader is answered in its own."""
        return tuple(f"{media_type};end=1" for media_type in _MEDIA_TYPES) if self.end else _MEDIA_TYPES

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        return _Encoder(encoder, end=self.end)

    def decoder(self, limits: Limits = Limits(), by: Decode = msgspec.json.decode, /) -> NDJSONDecoder:
        """A new decoder for one body, of values as `by` makes them."""
        return NDJSONDecoder(limits, by, end=self.end)


class _Encoder(JSONEncoder):
    tail = b"\n"

    def __init__(self, encoder: ForeignEncoder | None, *, end: bool) -> None:
        super().__init__(encoder)
        self._end = end
        if end:
            self.encode = self._encode
        # Where the body may end in spaces, `json.loads` of each line breaks: only with an end record.
        self.keep_alive = b" " if end else b""

    def _encode(self, item: Any) -> bytes:
        text = self.json.encode(item)
        if (
            len(text) < _LONGEST_END
            and _END in text
            and _is_end(decode(text, depth=_LONGEST_END, record=0, offset=0))
        ):
            raise EncodeError('an item that a reader would take for the end record, {"end":{"count":N}}')
        return text

    def adapt(self, item: Any) -> None:
        super().adapt(item)
        if self._end:
            self.encode = self._encode

    def end(self, count: int) -> bytes:
        return dumps({"end": {"count": count}}) + b"\n" if self._end else b""

    def fail(self, problem: Problem) -> bytes:
        return open_problem(problem)


class NDJSONDecoder(LineDecoder[Any]):
    """NDJSON to values; blank lines and white space around a record are skipped."""

    def __init__(self, limits: Limits, by: Decode = msgspec.json.decode, *, end: bool) -> None:
        super().__init__(limits)
        self._by = by
        self._end_expected = end
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the end record has come."""
        return self._ended

    def _at_once(self, lines: list[bytes], data: bytes, items: list[Any]) -> bool:
        depth = self.limits.depth
        # Each level of nesting has two brackets.
        if max(map(len, lines)) > 2 * depth and any(_openings(line) > depth for line in lines):
            return False
        if self._end_expected and (self._ended or _END in data or _END in lines[0]):
            return False
        try:
            values = list(map(self._by, lines))
        except Exception:  # noqa: BLE001 - which line it was, and whether it is just blank, `_line` finds out
            return False
        items += values
        self._count += len(values)
        return True

    def _line(self, text: bytes, items: list[Any]) -> None:
        if self._ended:
            raise DecodeError("a record after the end record", offset=self._offset)
        if self._end_expected and len(text) < _LONGEST_END and _END in text:
            value = decode(text, depth=self.limits.depth, record=self._count, offset=self._offset)
            if _is_end(value):
                self._close(value["end"]["count"])
                return
        items.append(
            decode(text, depth=self.limits.depth, record=self._count, offset=self._offset, by=self._by)
        )
        self._count += 1

    def _close(self, count: int) -> None:
        if count != self._count:
            raise Truncated(f"the end record counts {count} records, {self._count} came", offset=self._offset)
        self._ended = True

    def _end(self, items: list[Any]) -> None:
        rest = self._rest()
        if rest and self._ended:
            self._line(rest, items)
        elif rest:
            self._unterminated(rest, items)
        if self._end_expected and not self._ended:
            raise Truncated(f"{self._count} records came, but not the end record", offset=self._offset)

    def _unterminated(self, rest: bytes, items: list[Any]) -> None:
        """A last line without LF: a failure's sign, a record that some servers end so, or a cut one."""
        refuse_failed(rest, self.limits.depth)
        try:
            # A bare number may be the first digits of a longer one.
            if rest[-1:].isdigit():
                raise DecodeError("a number")  # noqa: TRY301 - the same way out as a record that is cut
            self._line(rest, items)
        except LimitExceeded:
            raise
        except DecodeError as error:
            if error.path is not None:  # it is whole, and of another type
                raise
            raise self._cut("a record") from None


def _openings(line: bytes) -> int:
    # What is rare is found by memchr, which `count` does not use.
    return 2 * len(line) - len(line.replace(b"[", b"")) - len(line.replace(b"{", b""))


def _is_end(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    members = cast("dict[str, Any]", value)
    end = members.get("end")
    if len(members) != 1 or not isinstance(end, dict):
        return False
    counted = cast("dict[str, Any]", end)
    return list(counted) == ["count"] and type(counted["count"]) is int
