"""What may go wrong between an application and its reader: said by the test, and done step by step."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Cut = Literal["reset", "incomplete", "end"]

Step = bytes | float | Literal["disconnect"] | Cut
"""Bytes that arrive, seconds without any, a connection that is dead on one side, or one that is over."""

_SLICES: Final = 10
"""Pieces a second that a slow line delivers, unless the test says how large they are."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What something in front of the application says in its place, such as a proxy's 502."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    def __post_init__(self) -> None:
        """Refuse a status that is none."""
        if self.status not in range(200, 600):
            raise ValueError(f"Answer(status={self.status!r}): expected the status of a response, 200 to 599")

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The headers, with the length of the body."""
        return [*self.headers.items(), ("content-length", str(len(self.body)))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What happens to one request and its response; bytes count from the begin of the body.

    `refuse`: nobody listens; the application hears nothing.
    `answer`: something in between answers, and the application hears nothing either.
    `piece`: the body arrives in pieces of at most so many bytes. `rate`: bytes per second.
    `stall_after`: nothing comes behind so many bytes for `stall_for` seconds, by default for ever.
    `disconnect_after`: behind so many bytes the application is told that its reader has gone, while the reader
    hangs, for it is not told (a half-open connection).
    `cut_after`: the transfer is over behind so many bytes, and the application is told that its reader has gone.
    `cut_as`: "reset" (`httpx2.ReadError`), "incomplete" (without the last chunk or short of its Content-Length:
    `httpx2.RemoteProtocolError`), or "end": a clean end of a chunked body, as some proxies make one.

    They may be combined: at one place a stall comes first, then the disconnect, then the cut.
    """

    refuse: bool = False
    answer: Answer | None = None
    piece: int | None = None
    rate: float | None = None
    stall_after: int | None = None
    stall_for: float = math.inf
    disconnect_after: int | None = None
    cut_after: int | None = None
    cut_as: Cut = "reset"

    def __post_init__(self) -> None:
        """Refuse what can never happen, so that a test does not pass because of it."""
        for name in ("stall_after", "disconnect_after", "cut_after"):
            _check(name, getattr(self, name), 0, int)
        _check("piece", self.piece, 1, int)
        _check("stall_for", self.stall_for, 0, int, float)
        _check("rate", self.rate, 0, int, float)
        if self.rate == 0:
            raise ValueError("Faults(rate=0): expected bytes per second (stall_after=0 lets none come)")
        if self.cut_as not in _CUTS:
            raise ValueError(f"Faults(cut_as={self.cut_as!r}): expected {', '.join(map(repr, _CUTS))}")

    def steps(self) -> Steps:
        """For one body."""
        return Steps(self)


_CUTS: Final = ("reset", "incomplete", "end")


def _check(name: str, value: Any, least: int, *kinds: type) -> None:
    if value is None:
        return
    number = isinstance(value, kinds) and not isinstance(value, bool)
    if not number or not value >= least:
        what = "bytes" if kinds == (int,) else "a number"
        raise ValueError(f"Faults({name}={value!r}): expected {what}, from {least}")


class Steps:
    """What becomes of one body on its way; told of its bytes, it says what happens, without doing it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.passed = 0
        """Bytes that came through."""
        marks: dict[Step, int | None] = {
            float(faults.stall_for): faults.stall_after,
            "disconnect": faults.disconnect_after,
            faults.cut_as: faults.cut_after,
        }
        # The sort is stable: at one place they keep their order.
        known: list[tuple[int, Step]] = [(at, step) for step, at in marks.items() if at is not None]
        self._marks: deque[tuple[int, Step]] = deque(sorted(known, key=itemgetter(0)))

    def of(self, data: bytes) -> Iterator[Step]:
        """What happens when the application has written `data`, which may be nothing."""
        rate, start = self._faults.rate, 0
        longest = self._faults.piece or (len(data) if rate is None else max(1, int(rate / _SLICES)))
        yield from self._due()
        while start < len(data):
            size = min(longest, len(data) - start)
            if self._marks:
                size = min(size, self._marks[0][0] - self.passed)
            if rate is not None:
                yield size / rate
            self.passed += size
            yield data[start : start + size]
            start += size
            yield from self._due()

    def _due(self) -> Iterator[Step]:
        while self._marks and self._marks[0][0] <= self.passed:
            yield self._marks.popleft()[1]


class Plan:
    """The faults of one request after the other: behind the last of a sequence there are none."""

    def __init__(self, faults: Faults | Sequence[Faults]) -> None:
        given = (faults,) if isinstance(faults, Faults) else tuple(faults)
        if not all(isinstance(one, Faults) for one in cast("tuple[Any, ...]", given)):
            raise TypeError(f"faults={faults!r}: expected Faults, or one for each request")
        self._always = faults if isinstance(faults, Faults) else Faults()
        self._first = iter(() if isinstance(faults, Faults) else given)

    def next(self) -> Faults:
        """Those of the next request."""
        return next(self._first, self._always)
