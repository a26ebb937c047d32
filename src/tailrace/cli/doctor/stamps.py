"""Times that stand in records: those that were made apart and came together were held back by somebody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from tailrace._pointer import step_to
from tailrace.cli.doctor.seen import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLACK: Final = 2.0
"""Seconds: `Date` has no parts of one, and the network takes its time."""
_MOST: Final = 1000
_DEEPEST: Final = 4
_MILLISECONDS: Final = 1e11
"""From here on a number is no time in seconds: the year 5138."""


class Stamps:
    """The times at one place of each record, if they are of the moment when it was made."""

    def __init__(self, server_time: float) -> None:
        self._began = server_time
        self._where: str | None = None
        self._found: list[Stamp] = []

    @property
    def found(self) -> tuple[Stamp, ...]:
        """All, in the order in which they came."""
        return tuple(self._found)

    def take_text(self, text: Any, at: float) -> None:
        """A record as JSON text; anything else has none."""
        if len(self._found) < _MOST and isinstance(text, str):
            try:
                record = msgspec.json.decode(text)
            except msgspec.DecodeError:
                return
            self.take(record, at)

    def take(self, record: Any, at: float) -> None:
        """A record."""
        if len(self._found) >= _MOST:
            return
        for where, seconds in _times(record, "", 0):
            # What lies in the past is data; a time of now is when the record was made.
            now = self._began - _SLACK <= seconds <= self._began + at + _SLACK
            if now and self._where in {None, where}:
                self._where = where
                self._found.append(Stamp(at, seconds, where))
                return


def _times(value: Any, where: str, depth: int) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, member in cast("dict[str, Any]", value).items():
            yield from _times(member, where + step_to(name), depth + 1)
    elif isinstance(value, str):
        seconds = _iso(value)
        if seconds is not None:
            yield where, seconds
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield where, value / 1000 if value > _MILLISECONDS else float(value)


def _iso(text: str) -> float | None:
    if not text[:2].isdecimal():
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
