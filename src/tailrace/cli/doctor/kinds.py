"""What a body is said to be, and what it looks like: the two need not agree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tailrace.cli.doctor.seen import Kind

_LINES: Final = ("x-ndjson", "ndjson", "jsonl", "x-jsonl", "jsonlines", "x-jsonlines", "stream+json")
_SAID: Final[dict[str, Kind]] = {
    "text/event-stream": "events",
    "application/json": "array",
    "application/json-seq": "sequence",
    "application/x-progressive-json": "progressive",
    "text/csv": "rows",
    **dict.fromkeys([f"application/{name}" for name in _LINES], "lines"),
}
_LONGEST_START: Final = 4096
"""Bytes by which it is clear what it is, or never."""
_EVENTS: Final = re.compile(rb"[\r\n]*(?:(?:data|event|id|retry):|:[^\n]*\n)")
_CLOSING: Final = {b"{": b"}", b"[": b"]"}
_BOM: Final = b"\xef\xbb\xbf"


def said(content_type: str) -> Kind:
    """What a Content-Type says. "array" is any JSON."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _SAID:
        return _SAID[media_type]
    if media_type.endswith("+json"):
        return "array"
    return "text" if media_type.startswith("text/") else "bytes"


def looks_like(told: Kind, start: bytes) -> Kind | None:
    """What it is by its first bytes; None as long as they do not tell."""
    first = start.removeprefix(_BOM).lstrip(b" \t\r\n")
    if told in {"rows", "progressive", "sequence"} or first.startswith(b"\x1e"):
        return told if told in {"rows", "progressive"} else "sequence"
    if first[:1] in _CLOSING:
        return _of_json(told, first)
    if _EVENTS.match(start.removeprefix(_BOM)):
        return "events"
    waiting = not first or (told in {"events", "text"} and b"\n" not in start)
    if waiting and len(start) < _LONGEST_START:
        return None
    if told == "array":
        return "document"
    return told if told in {"events", "lines", "text"} else "bytes"


def at_its_end(told: Kind, start: bytes) -> Kind:
    """The same where no more comes."""
    if told == "array" or start.lstrip().startswith(b"{"):
        return "document"
    return looks_like(told, start + b"\n") or told


def _of_json(told: Kind, first: bytes) -> Kind | None:
    """One value, or a value on each line."""
    if told == "lines" and first.startswith(b"{"):
        return "lines"
    line, end, rest = first.partition(b"\n")
    closed = line.rstrip().endswith(_CLOSING[first[:1]])
    if first.startswith(b"[") and (told != "lines" or (end and not closed)):
        return "array"
    undecided = not end or (closed and not rest.strip())
    if undecided and len(first) < _LONGEST_START:
        return None
    return "lines" if closed and end else "document" if first.startswith(b"{") else "array"
