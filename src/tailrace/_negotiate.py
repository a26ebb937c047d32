"""Which format a request asks for (RFC 9110, sections 12.4.2 and 12.5.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl

from tailrace._errors import InvalidAccept, NotAcceptable
from tailrace.formats._base import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 5.6.2, no secret
_VALUE: Final = rf'(?:{_TOKEN}|"(?:[^"\\]|\\.)*")'
_PARAMETER: Final = re.compile(rf"[ \t]*;[ \t]*(?:({_TOKEN})=({_VALUE}))?")
# `*` alone and a weight without its zero are not in the grammar, but old Java clients send both.
_RANGE: Final = re.compile(rf"[ \t]*(?:({_TOKEN})/({_TOKEN})|(\*))")
_WEIGHT: Final = re.compile(r"(?:0?\.\d{0,3}|0|1(?:\.0{0,3})?)")
_NEXT: Final = re.compile(r"[ \t]*(?:,|$)")
_LONGEST_SHOWN: Final = 80


class Offer(tuple[Format, ...]):  # noqa: SLOT001 - it carries `query` too
    """The formats that a stream is offered in, the preferred one first.

    `query` names a query parameter that chooses a format by its name and overrules Accept:
    `Offer(NDJSON(), EventStream(), query="format")` answers `?format=sse`.
    """

    query: str | None

    def __new__(cls, *formats: Format, query: str | None = None) -> Self:
        """Check that these are formats."""
        if not formats:
            raise ValueError("formats: expected at least one format")
        for format_ in formats:
            if isinstance(format_, type) or not all(hasattr(format_, name) for name in _FORMAT):
                raise TypeError(
                    f"formats: expected formats such as NDJSON() or EventStream(), got {format_!r}"
                )
        offer = super().__new__(cls, formats)
        offer.query = query
        return offer

    @classmethod
    def of(cls, formats: Any) -> Offer:
        """The offer that a caller's `formats` mean."""
        if isinstance(formats, Offer):
            return formats
        if not hasattr(formats, "__iter__") or isinstance(formats, str | bytes):
            raise TypeError(f"formats: expected formats such as [NDJSON(), EventStream()], got {formats!r}")
        return cls(*formats)


_FORMAT: Final = ("name", "media_types", "encoder", "decoder")


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One range of an Accept field."""

    type: str
    subtype: str
    parameters: dict[str, str]
    weight: float

    def precedence(self, media_type: MediaRange) -> int:
        """How specifically it means `media_type`, from 1; 0 where it does not."""
        if self.type == "*" and self.subtype == "*":
            rank = 1
        elif self.type == media_type.type and self.subtype == "*":
            rank = 2
        elif (self.type, self.subtype) == (media_type.type, media_type.subtype):
            rank = 3
        else:
            return 0
        # What is written here is UTF-8, said or not.
        asked = {
            name: value
            for name, value in self.parameters.items()
            if (name, value.lower()) != ("charset", "utf-8")
        }
        if asked.items() <= media_type.parameters.items():
            return rank + len(asked)
        return 0


def choose(fields: Sequence[str], offer: Offer, query_string: str = "") -> tuple[Format, str]:
    """The format of `offer` that a request is answered in, and the media type in the spelling asked for.

    `fields` are the values of its Accept fields. Ties go to the first on offer. Raises `InvalidAccept`
    and `NotAcceptable`.
    """
    if offer.query is not None:
        named = [
            value for name, value in parse_qsl(query_string, keep_blank_values=True) if name == offer.query
        ]
        if named:
            return _by_name(named[-1], offer)
    ranges = [media_range for field in fields for media_range in parse_accept(field)]
    if not ranges:
        return offer[0], offer[0].media_types[0]
    best: tuple[float, Format, str] | None = None
    for format_ in offer:
        for media_type in format_.media_types:
            weight = _weight(ranges, media_type)
            if weight > 0 and (best is None or weight > best[0]):
                best = weight, format_, media_type
    if best is None:
        raise NotAcceptable(f"Accept: {_shown(', '.join(fields))}", available(offer))
    return best[1], best[2]


def available(offer: Offer) -> list[str]:
    """Every media type on offer."""
    return [media_type for format_ in offer for media_type in format_.media_types]


def _by_name(name: str, offer: Offer) -> tuple[Format, str]:
    for format_ in offer:
        if format_.name == name:
            return format_, format_.media_types[0]
    raise NotAcceptable(f"{offer.query}={_shown(name)}", [format_.name for format_ in offer])


def _weight(ranges: list[MediaRange], media_type: str) -> float:
    meant = parse_accept(media_type)[0]
    ranked = [(media_range.precedence(meant), media_range.weight) for media_range in ranges]
    highest = max(rank for rank, _ in ranked)
    return max(weight for rank, weight in ranked if rank == highest) if highest else 0.0


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


def _parameters(field: str, found: re.Match[str]) -> tuple[MediaRange, int]:
    type_, subtype = (found[1] or "*").lower(), (found[2] or "*").lower()
    if type_ == "*" and subtype != "*":
        raise _invalid(field, found.start(), "type/subtype, type/* or */*")
    parameters: dict[str, str] = {}
    weight, position = 1.0, found.end()
    while parameter := _PARAMETER.match(field, position):
        name, value = (parameter[1] or "").lower(), parameter[2] or ""
        if name == "q":
            if not _WEIGHT.fullmatch(value) or value == ".":
                raise _invalid(field, parameter.start(), "q from 0 to 1 with at most three decimals")
            weight = float(value)
        elif name:
            parameters[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        position = parameter.end()
    return MediaRange(type_, subtype, parameters, weight), position


def _invalid(field: str, position: int, expected: str) -> InvalidAccept:
    return InvalidAccept(f"Accept: expected {expected} at character {position} of {_shown(field)}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")
