"""The name of a file as its server suggests it (RFC 6266), made harmless."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from tailrace._media import TOKEN

_PARAMETER: Final = re.compile(rf';[ \t]*({TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')
_EXTENDED: Final = re.compile(r"(utf-8|iso-8859-1)'[^']*'(.*)", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"[/\\]")
_HARMFUL: Final = re.compile('[\x00-\x1f\x7f-\x9f<>:"|?*\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
"""Control characters, what some system has a meaning for, what turns the direction of text, lone surrogates."""
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_LONGEST: Final = 240
"""Bytes, of the 255 that most file systems take: `.part.json` has to fit behind it."""
_LONGEST_SUFFIX: Final = 20


def name_of(disposition: str | None, path: str) -> str:
    """What to call the file: as Content-Disposition says, else as the path of its URL ends."""
    suggested = _suggested(disposition) if disposition else None
    # Decoded first: in a path, %2F may be part of a name, and in ours it may not.
    return harmless(suggested or "") or harmless(unquote(path.rstrip("/"))) or "download"


def harmless(name: str) -> str:
    """The last part of a name, without what a file system or a reader could trip over; "" if nothing is left."""
    last = _HARMFUL.sub("_", _SEPARATORS.split(name)[-1]).strip(" ").lstrip(".").rstrip(". ")
    if _DEVICE.match(last):
        last = f"_{last}"
    return _shortened(last)


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST:
        return name
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _LONGEST_SUFFIX:
        suffix = ""
    stem = name.encode()[: _LONGEST - len(suffix.encode())].decode("utf-8", "ignore")
    return stem + suffix


def _suggested(disposition: str) -> str | None:
    given: dict[str, str] = {}
    for found in _PARAMETER.finditer(disposition):
        value = found[3].strip() if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
        given.setdefault(found[1].lower(), value)
    # The one that has a charset is to be preferred. (RFC 6266 4.3)
    return _extended(given.get("filename*", "")) or given.get("filename")


def _extended(value: str) -> str | None:
    """A text with its charset (RFC 8187); None for one that is broken, as the other parameter may not be."""
    found = _EXTENDED.fullmatch(value)
    if found is None:
        return None
    try:
        return unquote_to_bytes(found[2]).decode(found[1])
    except UnicodeDecodeError:
        return None
