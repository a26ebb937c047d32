"""The header fields of a response (RFC 9110): what a stream always says, and what its user adds."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tailrace._media import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RawHeaders = list[tuple[bytes, bytes]]

_ALWAYS: Final = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # or nginx takes the whole body in, for a client that reads nothing too
    "incremental": "?1",
    "x-content-type-options": "nosniff",
}
_FRAMING: Final = frozenset({"connection", "content-length", "content-type", "transfer-encoding"})
_NAME: Final = re.compile(TOKEN)
_NOT_IN_FILENAME: Final = re.compile("[\x00-\x1f\x7f-\x9f/\\\\\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, separators of paths and lines, what turns the direction of text, and lone surrogates."""
_NOT_PLAIN: Final = re.compile(r'["%/\\]|[^ -~]|^[. ]*$|[. ]+$')
_ATTR_CHAR: Final = "!#$&+-.^_`|~"
_LONGEST_FILENAME: Final = 255
_NOT_IN_VALUE: Final = re.compile(r"[\r\n\0]|[^\x00-\xff]")


def raw_headers(headers: Mapping[str, str] | None) -> RawHeaders:
    """The user's header fields as bytes.

    Raises `ValueError` for a field that is not the user's to decide, or that would corrupt the head of
    the response (RFC 9110 5.1, 5.5).
    """
    raw: RawHeaders = []
    given: Any = headers if headers is not None else {}
    if not hasattr(given, "items"):
        raise TypeError(f"headers: expected a mapping of names to values, got {headers!r}")
    for name, value in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"headers: expected a field name, got {name!r}")
        if not isinstance(value, str):
            raise TypeError(f"headers: expected text for {name}, got {value!r}")
        if name.lower() in _FRAMING:
            raise ValueError(
                f"headers: {name} is decided by the format and the server; expected other headers"
            )
        found = _NOT_IN_VALUE.search(value)
        if found:
            raise ValueError(
                f"headers: expected {name} without CR, LF, NUL and characters above U+00FF, "
                f"found {found[0]!r} at character {found.start()}"
            )
        raw.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    return raw


def stream_headers(
    media_type: str,
    added: Iterable[tuple[bytes, bytes]],
    varies: Sequence[bytes] = (b"Accept",),
    coding: str | None = None,
) -> RawHeaders:
    """The header fields of a stream; a field in `added` replaces the one that a stream has by itself."""
    own = [(name, value) for name, value in added if name.decode("latin-1").lower() not in _FRAMING]
    vary = [value for name, value in own if name.lower() == b"vary"]
    said = {field.strip().lower() for value in vary for field in value.split(b",")}
    vary += [field for field in varies if not said & {field.lower(), b"*"}]
    present = {name.lower() for name, _ in own}
    return [
        (b"content-type", media_type.encode("latin-1")),
        (b"vary", b", ".join(vary)),
        *([] if coding is None else [(b"content-encoding", coding.encode())]),
        *((name.encode(), value.encode()) for name, value in _ALWAYS.items() if name.encode() not in present),
        *((name, value) for name, value in own if name.lower() != b"vary"),
    ]


def attachment(filename: Any) -> tuple[bytes, bytes]:
    """Content-Disposition for a body that is to be saved under `filename` (RFC 6266, RFC 8187).

    Raises `ValueError` for what is no name of a file: a path, control characters, nothing, over 255 bytes of UTF-8.
    """
    if not isinstance(filename, str):
        raise TypeError(f"filename={filename!r}: expected a str such as 'orders.csv'")
    found = _NOT_IN_FILENAME.search(filename)
    if found:
        raise ValueError(
            f"filename: expected a name without path and control characters, "
            f"found {found[0]!r} at character {found.start()}"
        )
    if (
        filename != filename.strip()
        or filename.endswith(".")
        or not 0 < len(filename.encode()) <= _LONGEST_FILENAME
    ):
        raise ValueError(
            f"filename={filename!r}: expected a name of 1 to {_LONGEST_FILENAME} bytes of UTF-8 "
            "without a space at its ends and a dot behind it"
        )
    bare = "".join(
        part for part in unicodedata.normalize("NFKD", filename) if not unicodedata.combining(part)
    )
    # What a quoted-string would have to escape, and what some take for an escape: no two readers agree on it.
    plain = _NOT_PLAIN.sub("_", bare) or "_"
    value = f'attachment; filename="{plain}"'
    if plain != filename:
        value += f"; filename*=UTF-8''{quote(filename, safe=_ATTR_CHAR)}"
    return b"content-disposition", value.encode("ascii")


def as_text(headers: RawHeaders) -> list[tuple[str, str]]:
    """Header fields for a framework that has them as text, in the spelling that HTTP/1.1 is read in."""
    return [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in headers]


def problem_headers() -> RawHeaders:
    """The header fields of a problem document (RFC 9457)."""
    return [
        (b"content-type", b"application/problem+json"),
        (b"vary", b"Accept"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
