"""What a check finds, and what all checks look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from tailrace.cli.doctor.seen import Seen

Severity = Literal["error", "warning", "unknown", "note", "ok"]
ORDER: Final[tuple[Severity, ...]] = ("error", "warning", "unknown", "note", "ok")
"""The worst first. `unknown` is what cannot be seen from here, and says so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out: what, by what evidence, and what to change."""

    code: str
    severity: Severity
    title: str
    evidence: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that was seen. What was not asked for is None."""

    main: Seen
    watched: float
    """Seconds for which an endless stream was looked at."""
    compressed: Seen | None = None
    """The same with an Accept-Encoding."""
    otherwise: Seen | None = None
    """The same with another Accept, as far as its head."""
    resumed: Seen | None = None
    """The same with `Last-Event-ID`, in the middle of the events."""
    resumed_behind: str = ""
    after_end: Seen | None = None
    """The same with the id of the last event."""
    bare_head: Seen | None = None
    """The answer to HEAD, where GET had none."""
    safe: bool = True
    """Whether the request may be repeated; one that may have effects was sent once."""


def seconds(value: float) -> str:
    """A time for people."""
    if value < _ONE:
        return f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < _TEN else f"{value:.0f} s"


_ONE: Final = 1.0
_TEN: Final = 10.0
