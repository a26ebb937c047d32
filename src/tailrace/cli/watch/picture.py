"""What every picture has above it: where it comes from, how it goes, and how much there was."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from rich.text import Text

from tailrace.cli.output import several

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

_WINDOW: Final = 5.0
"""Seconds over which the rate is counted."""
_STYLES: Final = {"connected": "green", "connecting": "yellow", "complete": "bold green", "stopped": "dim"}


class Picture(Protocol):
    """What has come, as somebody wants to see it."""

    noun: str

    def take(self, item: object) -> None:
        """One more."""

    def draw(self, height: int) -> RenderableType:
        """The last of it, in so many lines."""
        ...


class Counter:
    """How many have come, and how many a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._recent: deque[tuple[float, int]] = deque()
        self.count = 0

    def add(self, count: int = 1) -> None:
        """So many more."""
        self.count += count
        now = self._clock()
        # A thousand a second are one entry a tenth.
        if self._recent and now - self._recent[-1][0] < _WINDOW / 50:
            moment, before = self._recent[-1]
            self._recent[-1] = (moment, before + count)
        else:
            self._recent.append((now, count))

    @property
    def rate(self) -> float:
        """Lately, in a second."""
        now = self._clock()
        while self._recent and now - self._recent[0][0] > _WINDOW:
            self._recent.popleft()
        return sum(count for _, count in self._recent) / max(min(now - self._began, _WINDOW), 0.1)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._clock() - self._began


def headline(url: str, state: str, counter: Counter, noun: str, last_id: str | None) -> Text:
    """The line above."""
    style = _STYLES.get(state.partition(":")[0], "yellow")
    rate = counter.rate
    text = Text.assemble(("● ", style), (url, "bold"), no_wrap=True, overflow="ellipsis")
    told = f"\n  {state} · {several(counter.count, noun)}"
    if state == "connected":
        told += f" · {rate:.0f}/s" if rate >= 10 or not rate else f" · {rate:.1f}/s"  # noqa: PLR2004 - digits
    told += f" · {counter.seconds:.0f} s"
    text.append(told, style="dim")
    if last_id:
        text.append(f" · last id {last_id}", style="dim")
    return text
