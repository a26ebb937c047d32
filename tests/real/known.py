"""The programs, whence each comes, and what the table at the end of a run says of them."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Missing(AssertionError):
    """A program that cannot be had: a failure, so that nobody takes a run without it for a whole one."""

    def __init__(self, name: str, why: str) -> None:
        reason = why.rstrip(". ")
        super().__init__(
            f"there is no {name}: {reason}. To leave its tests out: run.py test --without {name}"
        )


@dataclass
class Started:
    """A program of this run. `source` says whence it comes, `seconds` how long each start took."""

    name: str
    version: str
    source: str
    seconds: list[float] = field(default_factory=list)


_seen: dict[str, Started] = {}


def started(name: str, version: str, source: str, *seconds: float) -> None:
    """Note a program that is used; if it is a server, after how long it has answered."""
    _seen.setdefault(name, Started(name, version, source)).seconds.extend(seconds)


def noted() -> list[dict[str, Any]]:
    """What this process has used, for the one that reports."""
    return [asdict(row) for row in _seen.values()]


def take(rows: Iterable[dict[str, Any]]) -> None:
    """Note what another process of this run has used."""
    for row in rows:
        started(row["name"], row["version"], row["source"], *row["seconds"])


def table() -> Iterator[str]:
    """A line for each program that was used."""
    rows = [(row.name, row.version, row.source, *_starts(row.seconds)) for row in _seen.values()]
    head = ("program", "version", "from", "starts", "ready in (median)")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows) if rows else ():
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _starts(seconds: list[float]) -> tuple[str, str]:
    return (str(len(seconds)), f"{statistics.median(seconds):.2f} s") if seconds else ("", "")
