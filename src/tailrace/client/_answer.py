"""What a response means before its body is read (RFC 9110)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from tailrace._json import decode
from tailrace._model import Problem
from tailrace._resume import Signal
from tailrace.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOWEST_ERROR: Final = 400
_LOWEST_SERVER_ERROR: Final = 500
_SUCCESS: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_EMPTY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT})
_BUSY: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
UNTOUCHED: Final = _BUSY
"""With these the server says that it has not done what was asked: any method may be sent again."""


def is_error(status: int) -> bool:
    """Whether a response's body, if it has one, is not what was asked for."""
    return status not in _SUCCESS


def signal_of(status: int) -> Signal:
    """What a status means to a reader."""
    if status in _EMPTY:
        return Signal.EMPTY
    if status in _SUCCESS:
        return Signal.ACCEPTED
    if status == HTTPStatus.UNAUTHORIZED:
        return Signal.DENIED
    return Signal.BUSY if status in _BUSY or status >= _LOWEST_SERVER_ERROR else Signal.REFUSED


def retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """The seconds that Retry-After asks for, in either of its forms (RFC 9110 10.2.3); None where it does not.

    A date is taken from the Date that the same server sent, so that its clock need not be right.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:_MOST_DIGITS])
    at = _seconds(value)
    return None if at is None else max(0.0, at - (_seconds(headers.get("date", "")) or wall))


_MOST_DIGITS: Final = 15


def _seconds(date: str) -> float | None:
    try:
        parsed = parsedate_to_datetime(date)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def problem_of(status: int, body: bytes) -> Problem:
    """What an error's response says: a problem document (RFC 9457), a message in JSON or text, or just its status."""
    members = object_in(body)
    title = _PHRASES.get(status, f"HTTP status {status}")
    if status in _REDIRECTS:
        return Problem(
            title=title, status=status, detail="a redirect to nowhere, or one of too many in a row"
        )
    if "title" in members or "type" in members:
        return Problem.of({"title": title, **members, "status": status})
    detail = _detail(members) if members else _text(body)
    errors = members.get("detail")
    extensions = {} if errors is None or isinstance(errors, str) else {"errors": errors}
    return Problem(
        title=title, status=status, detail=None if detail == title else detail, extensions=extensions
    )


def _detail(members: dict[str, Any]) -> str | None:
    """The words in a JSON object that is no problem document, wherever servers put them."""
    for said in map(members.get, _WORDS):
        if isinstance(said, str):
            return said[:_LONGEST_DETAIL]
        if isinstance(said, dict) and (inner := _detail(cast("dict[str, Any]", said))):
            return inner
        if isinstance(said, list) and said and isinstance(said[0], dict):
            first = cast("dict[str, Any]", said[0])  # FastAPI's: what is wrong, and where
            where = ".".join(map(str, cast("list[Any]", first.get("loc") or [])))
            return f"{where}: {first.get('msg', '')}"[:_LONGEST_DETAIL]
    return None


_WORDS: Final = ("detail", "message", "error", "error_description", "errors")
_LONGEST_DETAIL: Final = 200


def _text(body: bytes) -> str | None:
    """A body that is text for people, not a page for browsers."""
    text = " ".join(body[: 4 * _LONGEST_DETAIL].decode("utf-8", "replace").split())
    if not text or text[0] in "<[{" or not text.isprintable():
        return None
    return text[:_LONGEST_DETAIL]


_PHRASES: Final = {one.value: one.phrase for one in HTTPStatus}


def object_in(text: bytes) -> dict[str, Any]:
    """The members of the JSON object that a text is; none where it is anything else."""
    try:
        value = decode(text, depth=_DEEPEST, record=0, offset=0)
    except DecodeError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


_DEEPEST: Final = 64


def is_true(field: str) -> bool:
    """Whether a structured field is the boolean true, with parameters or without (RFC 9651 3.3.6)."""
    return _TRUE.fullmatch(field.strip(" ")) is not None


_BARE: Final = (
    r"""-?\d{1,12}\.\d{1,3}|@?-?\d{1,15}|%?"(?:[ !#-\[\]-~]|\\["\\])*"|[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*"""
    r"""|:[A-Za-z0-9+/]*={0,2}:|\?[01]"""
)
"""A bare item of any type (RFC 9651 3.3)."""
_TRUE: Final = re.compile(rf"\?1(?:; *[a-z*][a-z0-9_\-.*]*(?:=(?:{_BARE}))?)*", re.ASCII)
