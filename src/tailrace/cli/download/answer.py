"""What an answer means to who has a part of the file already: a decision for each status, without I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_CONTENT_RANGE: Final = re.compile(r"bytes[ \t]+(?:(\d+)-(\d+)|\*)/(\d+|\*)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[ \t]*[0-9]{1,18}[ \t]*")
_LATER: Final = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Kept:
    """What there is of the file: so many bytes, of the representation that the validator names."""

    size: int = 0
    validator: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class Take:
    """The body is the file from `offset` on, which has `total` bytes in all, if that is known."""

    offset: int
    total: int | None
    validator: str | None
    until: int | None = None
    """Where the body ends, if that is said."""


@dataclass(frozen=True)
class Complete:
    """There is nothing more to come."""


@dataclass(frozen=True)
class Restart:
    """Ask for the whole again: what is there is a part of something else."""

    why: str


@dataclass(frozen=True)
class Later:
    """Ask again; `after` seconds, if the server has said when."""

    why: str
    after: float | None


@dataclass(frozen=True)
class Refused:
    """There is no such file, or not for us."""

    why: str


Verdict = Take | Complete | Restart | Later | Refused


def judge(status: int, fields: Mapping[str, str], kept: Kept, now: datetime) -> Verdict:
    """What to do with an answer to a request for the rest of what is kept, or for all if nothing is."""
    if status == HTTPStatus.OK:
        return Take(0, _number(fields.get("content-length")), validator_of(fields))
    if status == HTTPStatus.PARTIAL_CONTENT:
        return _partial(fields, kept)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and kept.size:
        found = _CONTENT_RANGE.fullmatch(fields.get("content-range", ""))
        same = found is not None and found[1] is None and _number(found[3]) == kept.size
        return Complete() if same and kept.total in {None, kept.size} else Restart("has another length now")
    if status == HTTPStatus.PRECONDITION_FAILED and kept.size:
        return Restart("has changed")
    why = f"the server answers {status}"
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Later(why, _retry_after(fields.get("retry-after"), now))
    return Refused(why)


def _partial(fields: Mapping[str, str], kept: Kept) -> Verdict:
    found = _CONTENT_RANGE.fullmatch(fields.get("content-range", ""))
    if not kept.size:
        return Refused("the server answers 206 to who asked for the whole")
    if found is None or found[1] is None:
        return Restart("came with a range that cannot be read")
    first, last, total = int(found[1]), int(found[2]), _number(found[3])
    if first != kept.size or last < first or (total is not None and last >= total):
        return Restart(f"came from byte {first} and not from {kept.size}")
    if None not in {total, kept.total} and total != kept.total:
        return Restart("has another length now")
    validator = validator_of(fields)
    # An intermediary that knows no If-Range would have us join two files.
    if (
        validator is not None
        and is_etag(validator) == is_etag(kept.validator)
        and validator != kept.validator
    ):
        return Restart("has changed")
    return Take(first, kept.total if total is None else total, kept.validator, last + 1)


def validator_of(fields: Mapping[str, str]) -> str | None:
    """What names this very representation, for If-Range: a strong ETag, else a date that is strong too."""
    etag = fields.get("etag", "").strip()
    if etag.startswith('"'):
        return etag
    modified, date = _date(fields.get("last-modified")), _date(fields.get("date"))
    if modified is None or date is None:
        return None
    # Within that second it may have changed again. (RFC 9110 8.8.2.2)
    return fields["last-modified"].strip() if (date - modified).total_seconds() >= 1 else None


def is_etag(validator: str | None) -> bool:
    """Whether it is one, and not a date."""
    return validator is not None and validator.startswith('"')


def _retry_after(field: str | None, now: datetime) -> float | None:
    if field is None:
        return None
    if _NUMBER.fullmatch(field):
        return float(field)
    date = _date(field)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _date(field: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(field or "")
    except ValueError:
        return None
    return date if date.tzinfo is not None else None


def _number(field: str | None) -> int | None:
    return int(field) if field is not None and _NUMBER.fullmatch(field) else None
