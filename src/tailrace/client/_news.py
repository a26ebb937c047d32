"""What a connection does, for those who ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Opened:
    """A body comes, from `url`, which is where redirects led."""

    url: str
    status: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection is gone; another is made in `delay` seconds. `attempt` counts the failures in a row, from 1."""

    delay: float
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What came after the id `requested` is not kept any more; the stream goes on at `earliest`, if the server says."""

    requested: str | None
    earliest: str | None


@dataclass(frozen=True, slots=True)
class Closed:
    """No more will come: all was there, or the user closed it, where there is no `error`."""

    error: BaseException | None = None


News: TypeAlias = Opened | Reconnecting | Gap | Closed
OnNews: TypeAlias = "Callable[[News], object]"
