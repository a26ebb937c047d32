"""Which format a request asks for (RFC 9110, sections 12.4.2 and 12.5.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl

from tailrace._media import MediaRange, media_type, parse_accept, shown
from tailrace.errors import NotAcceptable
from tailrace.formats._base import Format

if TYPE_CHECKING:
    from collections.abc import Sequence


class Offer(tuple[Format, ...]):  # noqa: SLOT001 - it carries `query` too
    """The formats that a stream is offered in, the preferred one first.

    `query` names a query parameter that chooses a format by its name and overrules Accept:
    `Offer(NDJSON(), EventStream(), query="format")` answers `?format=sse`.
    """

    query: str | None
    spellings: tuple[tuple[str, ...], tuple[Format, ...]]
    """All media types, and the format of each."""

    def __new__(cls, *formats: Format, query: str | None = None) -> Self:
        """Check that these are formats."""
        if not formats:
            raise ValueError("formats: expected at least one format")
        for format_ in formats:
            if isinstance(format_, type) or not all(hasattr(format_, name) for name in _FORMAT):
                raise TypeError(
                    f"formats: expected formats such as NDJSON() or EventStream(), got {format_!r}"
                )
            for offered in format_.media_types:
                media_type(offered)
        names = [format_.name for format_ in formats]
        if query is not None and len(set(names)) < len(names):
            raise ValueError(
                f"Offer(query={query!r}): expected formats of different names, got {', '.join(names)}"
            )
        offer = super().__new__(cls, formats)
        offer.query = query
        spelled = [(offered, format_) for format_ in formats for offered in format_.media_types]
        offer.spellings = tuple(one for one, _ in spelled), tuple(format_ for _, format_ in spelled)
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
    media_types, formats = offer.spellings
    field = ", ".join(fields)  # which means the same (RFC 9110 5.3)
    preferred = _preferred if len(field) <= _LONGEST_KEPT else _preferred.__wrapped__
    best = preferred(field, media_types)
    if best is None:
        raise NotAcceptable(f"Accept: {shown(field)}", available(offer))
    return formats[best], media_types[best]


_LONGEST_KEPT: Final = 1000
"""Characters of an Accept field of which is kept what it means."""


@lru_cache(maxsize=256)
def _preferred(field: str, media_types: tuple[str, ...]) -> int | None:
    """Which of the media types an Accept field prefers; None where it takes none of them."""
    ranges = parse_accept(field)
    if not ranges:
        return 0
    weights = [_weight(ranges, offered) for offered in media_types]
    highest = max(weights)
    return weights.index(highest) if highest > 0 else None


def available(offer: Sequence[Format]) -> list[str]:
    """Every media type on offer."""
    return [offered for format_ in offer for offered in format_.media_types]


def _by_name(name: str, offer: Offer) -> tuple[Format, str]:
    for format_ in offer:
        if format_.name == name:
            return format_, format_.media_types[0]
    raise NotAcceptable(f"{offer.query}={shown(name)}", [format_.name for format_ in offer])


def _weight(ranges: list[MediaRange], offered: str) -> float:
    meant = media_type(offered)
    ranked = [(media_range.precedence(meant), media_range.weight) for media_range in ranges]
    highest = max(rank for rank, _ in ranked)
    return max(weight for rank, weight in ranked if rank == highest) if highest > (0, 0) else 0.0
