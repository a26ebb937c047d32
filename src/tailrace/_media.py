"""Media types and ranges of them (RFC 9110, sections 8.3.1 and 12.5.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tailrace.errors import InvalidAccept

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 5.6.2, no secret
_VALUE: Final = rf'(?:{TOKEN}|"(?:[^"\\]|\\.)*")'
_PARAMETER: Final = re.compile(rf"[ \t]*;[ \t]*(?:({TOKEN})=({_VALUE}))?")
# `*` alone and a weight without its zero are not in the grammar, but old Java clients send both.
_RANGE: Final = re.compile(rf"[ \t]*(?:({TOKEN})/({TOKEN})|(\*))")
_WEIGHT: Final = re.compile(r"(?:0(?:\.\d{0,3})?|\.\d{1,3}|1(?:\.0{0,3})?)")
_CODING: Final = re.compile(rf"({TOKEN})(?:[ \t]*;[ \t]*[qQ]=([0-9.]+))?")
_NEXT: Final = re.compile(r"[ \t]*(?:,|$)")
_LONGEST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One range of an Accept field."""

    type: str
    subtype: str
    parameters: dict[str, str]
    weight: float = 1.0
    weighted: bool = False

    def precedence(self, media_type: MediaRange) -> tuple[int, int]:
        """How specifically it means `media_type`, the greater the more; (0, 0) where it does not."""
        if self.type == "*" and self.subtype == "*":
            rank = 1
        elif self.type == media_type.type and self.subtype == "*":
            rank = 2
        elif (self.type, self.subtype) == (media_type.type, media_type.subtype):
            rank = 3
        else:
            return 0, 0
        # What is written here is UTF-8, said or not.
        asked = {
            name: value
            for name, value in self.parameters.items()
            if (name, value.lower()) != ("charset", "utf-8")
        }
        if asked.items() <= media_type.parameters.items():
            return rank, len(asked)
        return 0, 0


@lru_cache
def media_type(text: str) -> MediaRange:
    """The one media type that `text` is; raises `ValueError` where it is none."""
    try:
        (parsed,) = parse_accept(text)
    except ValueError:
        parsed = None
    if parsed is None or "*" in {parsed.type, parsed.subtype} or parsed.weighted or not text.isascii():
        raise ValueError(f"media_type={text!r}: expected type/subtype, with ;name=value or without")
    return parsed


def parse_accept(field: str) -> list[MediaRange]:
    """The ranges of one Accept field; raises `InvalidAccept`."""
    ranges: list[MediaRange] = []
    position = 0
    while position < len(field):
        empty = _NEXT.match(field, position)  # an empty list element is to be ignored (RFC 9110 5.6.1.2)
        if empty is not None:
            position = max(empty.end(), position + 1)
            continue
        found = _RANGE.match(field, position)
        if found is None:
            raise _invalid(field, position, "type/subtype")
        media_range, position = _parameters(field, found)
        ranges.append(media_range)
        end = _NEXT.match(field, position)
        if end is None:
            raise _invalid(field, position, "a comma or ;name=value")
        position = end.end()
    return ranges


def weighted_codings(fields: Sequence[str]) -> dict[str, float] | None:
    """The codings of Accept-Encoding fields and their weights; None where a field is malformed."""
    weights: dict[str, float] = {}
    for member in filter(None, (part.strip(" \t") for field in fields for part in field.split(","))):
        found = _CODING.fullmatch(member)
        if found is None or (found[2] is not None and not _WEIGHT.fullmatch(found[2])):
            return None
        weights[found[1].lower()] = 1.0 if found[2] is None else float(found[2])
    return weights


def _parameters(field: str, found: re.Match[str]) -> tuple[MediaRange, int]:
    type_, subtype = (found[1] or "*").lower(), (found[2] or "*").lower()
    if type_ == "*" and subtype != "*":
        raise _invalid(field, found.start(), "type/subtype, type/* or */*")
    parameters: dict[str, str] = {}
    weight, weighted, position = 1.0, False, found.end()
    while parameter := _PARAMETER.match(field, position):
        name, value = (parameter[1] or "").lower(), parameter[2] or ""
        if name == "q":
            if not _WEIGHT.fullmatch(value):
                raise _invalid(field, parameter.start(), "q from 0 to 1 with at most three decimals")
            weight, weighted = float(value), True
        elif name:
            parameters[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        position = parameter.end()
    return MediaRange(type_, subtype, parameters, weight, weighted), position


def _invalid(field: str, position: int, expected: str) -> InvalidAccept:
    return InvalidAccept(f"Accept: expected {expected} at character {position} of {shown(field)}")


def shown(text: str) -> str:
    """A client's text as an error may show it."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")
