"""Django: a million rows that are made in memory, and a million from PostgreSQL."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from bench.bulk import MILLION, Bulk, verdicts
from bench.django_cases import MADE, STORED
from bench.stored import stored
from bench.table import Table, ratio_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.bulk import Figures
    from bench.cases import Case
    from bench.env import Environment

LEGEND: Final = (
    "ASGI is uvicorn (uvloop, httptools), WSGI gunicorn's sync worker, with threads its gthread worker; one "
    "process that answers, loopback, no middleware but where it says so: then that of `startproject`. A row is "
    "`id, name, price, created`, some 85 bytes of JSON. CPU is that of the process that answers, user and "
    "system, read from its own clock, without PostgreSQL's; medians, and between what they lie. Rows per "
    "second are by the wall clock. Slow peers send fewer rows; seconds are for a million. Ratios are medians "
    "of the ratios round by round. Peak is what was resident over what was so before the request; the most of "
    "all rounds, and where a peer has the whole answer in memory it is for as many rows as stand beside it. "
    "From PostgreSQL rows come ordered by the primary key, 2,000 at a time from a server-side cursor but where "
    "the whole answer is in memory."
)


class Django:
    """Both halves of one run."""

    def __init__(self, environment: Environment, rows: int, say: Callable[[str], None]) -> None:
        self.made = Bulk(environment, rows, say)
        self.stored: Bulk | None = None
        self.database = ""
        self._environment = environment
        self._rows = rows
        self._say = say

    def run(self, cases: Sequence[Case], rounds: int) -> None:
        """Measure what is made, and then what is stored, each in turn, `rounds` times."""
        self.made.run([case for case in cases if not case.stored], rounds)
        from_database = [case for case in cases if case.stored]
        if not from_database:
            return
        self._say("filling PostgreSQL")
        with stored(self._rows) as (url, self.database):
            self.stored = Bulk(self._environment, self._rows, self._say, {"BENCH_DATABASE_URL": url})
            self.stored.run(from_database, rounds)


def tables(run: Django) -> tuple[list[tuple[str, Table]], int]:
    """Each half's title and table, and how many targets were not reached."""
    halves = [("Made in memory", MADE, "F", run.made.figures)]
    if run.stored is not None:
        halves.append((f"From {run.database}", STORED, "stored-F", run.stored.figures))
    found = [(title, *_table(cases, floor, seen)) for title, cases, floor, seen in halves if seen]
    return [(title, table) for title, table, _ in found], sum(missed for *_, missed in found)


def _table(cases: Sequence[Case], floor: str, figures: dict[str, Figures]) -> tuple[Table, int]:
    result = Table(
        [
            "",
            "rows",
            "rows/s",
            "CPU s per million",
            "x F",
            "first byte ms",
            "peak MiB",
            "to reach, and reached",
        ]
    )
    missed = 0
    for case in cases:
        seen = figures.get(case.key)
        if seen is None:
            continue
        told = verdicts(case, seen, figures)
        if case.ours and case.stored and seen.peak and max(seen.peak) <= case.peak:
            told.append(f"peak ≤ {case.peak / 2**20:g} MiB: reached")
        missed += sum("NOT" in verdict for verdict in told)
        result.add(
            case.label,
            f"{seen.rows:,}",
            f"{MILLION / statistics.median(seen.wall):,.0f}",
            spread(seen.cpu, 2),
            f"{ratio_of(seen.cpu, figures[floor].cpu):.2f}" if floor in figures else "",
            f"{statistics.median(seen.first) * 1000:.1f}",
            f"{max(seen.peak) / 2**20:.1f}" if seen.peak else "",
            "; ".join(told),
        )
    return result, missed
