"""Figures to tables: for the terminal, and as Markdown."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS: Final = Path(__file__).resolve().parent / "results"


class Table:
    """Rows of text; the first column is left-aligned, and so is the last."""

    def __init__(self, heading: Sequence[str]) -> None:
        self._rows = [list(heading)]

    def add(self, *cells: str) -> None:
        """One more row; missing cells are empty."""
        self._rows.append([*cells, *[""] * (len(self._rows[0]) - len(cells))])

    def text(self) -> str:
        """For the terminal."""
        widths = [max(len(row[at]) for row in self._rows) for at in range(len(self._rows[0]))]
        lines = ["  ".join(self._pad(row, widths)).rstrip() for row in self._rows]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join(lines)

    def markdown(self) -> str:
        """For a document."""
        lines = [f"| {' | '.join(row)} |" for row in self._rows]
        last = len(self._rows[0]) - 1
        lines.insert(1, "|" + "|".join("---" if at in {0, last} else "---:" for at in range(last + 1)) + "|")
        return "\n".join(lines)

    @staticmethod
    def _pad(row: list[str], widths: list[int]) -> list[str]:
        last = len(row) - 1
        return [
            cell.ljust(width) if at in {0, last} else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]


def spread(values: Sequence[float], digits: int) -> str:
    """The median, and between what the values lie."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios round by round: what both saw of the machine's mood falls out."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=False))


def write(name: str, parts: Sequence[str]) -> Path:
    """Write a run's results as Markdown."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path
