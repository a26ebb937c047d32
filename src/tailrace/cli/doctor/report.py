"""The findings for people: what came and when, on one scale, and then what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tailrace.cli.doctor.finding import ORDER, Severity, seconds
from tailrace.cli.output import several, size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tailrace.cli.doctor.finding import Case, Finding
    from tailrace.cli.doctor.seen import Seen

_STYLES: Final[dict[Severity, str]] = {
    "error": "bold red",
    "warning": "yellow",
    "unknown": "magenta",
    "note": "blue",
    "ok": "green",
}
_MARKS: Final[dict[Severity, str]] = {"error": "✗", "warning": "!", "unknown": "?", "note": "·", "ok": "✓"}
_NARROWEST: Final = 20
_MARGIN: Final = 30
_ERROR: Final = 400


def report(case: Case, findings: list[Finding], method: str, width: int) -> RenderableType:
    """The whole page."""
    return Group(
        _head(case.main, method), "", _times(case, width), "", _findings(findings), "", summary(findings)
    )


def summary(findings: list[Finding]) -> Text:
    """How many there are of each severity."""
    counts = {one: sum(finding.severity == one for finding in findings) for one in ORDER}
    words = {"error": "error", "warning": "warning", "note": "note"}
    parts = [
        several(counts[one], words[one]) for one in ORDER if one in words and (counts[one] or one == "error")
    ]
    if counts["unknown"]:
        parts.append(f"{counts['unknown']} that cannot be known from here")
    return Text(", ".join(parts), style=_STYLES["error"] if counts["error"] else _STYLES["ok"])


def _head(seen: Seen, method: str) -> Text:
    text = Text.assemble((f"{method} {seen.url}\n", "bold"), overflow="fold")
    if not seen.status:
        return text.append(f"no answer within {seconds(seen.ended_at)}", style="red")
    length = seen.header("content-length")
    framing = (
        f"{length} bytes" if length else (seen.header("transfer-encoding") or "until the connection ends")
    )
    told = [str(seen.status), seen.version, seen.header("content-type") or "no Content-Type", framing]
    told += [f"{name}: {seen.header(name)}" for name in ("server", "via") if seen.header(name)]
    text.append(" · ".join(told) + "\n")
    return text.append(_body(seen))


def _body(seen: Seen) -> str:
    records = f"{several(seen.content.records, 'record')}, " if seen.content.records else ""
    how = {"complete": "ended", "cut": "cut", "open": "still going on"}[seen.ending]
    return (
        f"{records}{size(seen.size)} in {several(len(seen.arrivals), 'piece')}, "
        f"{how} after {seconds(seen.ended_at)}; longest silence {seconds(seen.silence)}"
    )


def _times(case: Case, width: int) -> Table:
    """When what came, on the scale of the longest."""
    rows = {"as it is": case.main}
    if case.compressed is not None and case.compressed.coding:
        rows[case.compressed.coding] = case.compressed
    longest = max(seen.ended_at for seen in rows.values()) or 1.0
    cells = max(width - _MARGIN, _NARROWEST)
    table = Table.grid(padding=(0, 1))
    for name, seen in rows.items():
        line = Text.assemble(("├", "dim"), *_cells(seen, longest, cells), ("┤", "dim"))
        table.add_row(
            Text(name, style="dim"), line, Text(seconds(longest) if seen is case.main else "", style="dim")
        )
    table.add_row("", Text("│ with a record  ┃ with several  · without", style="dim"))
    return table


def _cells(seen: Seen, longest: float, count: int) -> list[Text]:
    cells = [""] * count
    records = [0] * count
    for piece in seen.arrivals:
        cell = min(int(piece.at / longest * count), count - 1)
        records[cell] += piece.records
        cells[cell] = "·" if not records[cell] else "│" if records[cell] == 1 else "┃"
    until = min(int(seen.ended_at / longest * count), count)
    return [
        Text(mark, style="bold cyan") if mark else Text("─" if place < until else " ", style="dim")
        for place, mark in enumerate(cells)
    ]


def _findings(findings: list[Finding]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for finding in findings:
        mark = Text(f"{_MARKS[finding.severity]} {finding.severity}", style=_STYLES[finding.severity])
        table.add_row(mark, finding.code, _told(finding))
    return table


def _told(finding: Finding) -> Text:
    if finding.severity == "ok":  # one line is enough
        return Text(f"{finding.title}: {'; '.join(finding.evidence)}" if finding.evidence else finding.title)
    text = Text(finding.title, style="bold" if finding.severity == "error" else "")
    for evidence in finding.evidence:
        text.append(f"\n  {evidence}", style="not bold dim")
    if finding.advice:
        text.append(f"\n→ {finding.advice}", style="not bold")
    return text
