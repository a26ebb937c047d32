"""A million rows: what they cost the server, in interleaved rounds."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.cases import BULK, FIRST_TARGET
from bench.check import check_rows
from bench.env import ROOT
from bench.peers.rows import BLOCK
from bench.server import Server, ServerError
from bench.table import Table, ratio_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bench.cases import Case
    from bench.env import Environment

MILLION = 1_000_000
_BUDGET = 2.0
"""CPU seconds for a request at a million rows; a slower peer sends fewer rows."""

_SLACK = 16
"""Bytes by which a body may differ from a multiple: a count in its end has more digits."""

LEGEND = (
    "One uvicorn process (uvloop, httptools), loopback. A row is `id, name, price, created`, some 85 bytes of JSON. "
    "CPU is the server's, user and system, read from its own clock; medians, and between what they lie. Slow peers "
    "send fewer rows; seconds are for a million. Ratios are medians of the ratios round by round. Peak is what was "
    "resident over what was so before the request; the most of all rounds."
)


@dataclass
class Figures:
    """What was seen of a case; seconds are for a million rows."""

    rows: int
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)


class Bulk:
    """The servers of one run, and what was measured of them."""

    def __init__(
        self,
        environment: Environment,
        rows: int,
        say: Callable[[str], None],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.figures: dict[str, Figures] = {}
        self.left_out: dict[str, str] = {}
        self._environment = environment
        self._rows = rows
        self._say = say
        self._variables = variables
        self._servers: dict[str, Server] = {}
        self._sizes: dict[str, tuple[int, int]] = {}

    def run(self, cases: Iterable[Case], rounds: int) -> None:
        """Start every case's server, then measure them in turn, `rounds` times."""
        with ExitStack() as stack:
            ready = [case for case in cases if self._start(case, stack)]
            for number in range(rounds):
                for case in ready:
                    self._say(f"round {number + 1}/{rounds}  {case.label}")
                    self._measure(case)

    def _start(self, case: Case, stack: ExitStack) -> bool:
        if case.app.endswith(".mjs") and self._environment.node is None:
            self.left_out[case.key] = self._environment.without_node
            return False
        self._say(f"starting and checking  {case.label}")
        server = stack.enter_context(Server(self._environment, case.app, case.server, self._variables))
        sizes: list[int] = []
        for blocks in (1, 2):
            body = server.fetch(f"{case.path}?count={blocks * BLOCK}", case.accept)
            check_rows(body, case.accept, case.label, stored=case.stored)
            sizes.append(len(body))
        self._sizes[case.key] = sizes[0], sizes[1] - sizes[0]
        self._servers[case.key] = server
        self.figures[case.key] = Figures(self._scaled(case))
        return True

    def _scaled(self, case: Case) -> int:
        share = min(1.0, _BUDGET / case.cost)
        return max(BLOCK, int(self._rows * share) // BLOCK * BLOCK)

    def _measure(self, case: Case) -> None:
        server, figures = self._servers[case.key], self.figures[case.key]
        keeps_peak, idle = server.forget_peak(), server.rss()
        values = (server.port, case.path, figures.rows, case.accept, server.pid)
        command = [sys.executable, "-m", "bench.reader", *map(str, values)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise ServerError(f"{case.label}: the reader failed: {done.stderr[-500:]}" + server.said())
        seen = json.loads(done.stdout)
        first, each = self._sizes[case.key]
        expected = first + (figures.rows // BLOCK - 1) * each
        if abs(seen["size"] - expected) > _SLACK:
            found = "no proper end" if seen["size"] < 0 else f"{seen['size']:,} bytes"
            raise ServerError(f"{case.label}: expected {expected:,} bytes, found {found}" + server.said())
        scale = MILLION / figures.rows
        figures.cpu.append(seen["cpu"] * scale)
        figures.wall.append(seen["wall"] * scale)
        figures.first.append(seen["first"])
        if keeps_peak:
            figures.peak.append(float(server.peak() - idle))


def table(bulk: Bulk) -> tuple[Table, int]:
    """The table, and how many of its targets were not reached."""
    result = Table(
        [
            "",
            "rows",
            "CPU s per million",
            "x F",
            "wall s",
            "first byte ms",
            "peak MiB",
            "to reach, and reached",
        ]
    )
    missed = 0
    for case in BULK:
        figures = bulk.figures.get(case.key)
        if figures is None:
            if case.key in bulk.left_out:
                result.add(case.label, "", "", "", "", "", "", f"not measured: {bulk.left_out[case.key]}")
            continue
        told = verdicts(case, figures, bulk.figures)
        missed += sum("NOT" in verdict for verdict in told)
        floor = bulk.figures.get("F")
        result.add(
            case.label,
            f"{figures.rows:,}",
            spread(figures.cpu, 3 if case.cost < 1 else 1),
            f"{ratio_of(figures.cpu, floor.cpu):.2f}" if floor else "",
            f"{statistics.median(figures.wall):.2f}",
            f"{statistics.median(figures.first) * 1000:.1f}",
            f"{max(figures.peak) / 2**20:.1f}" if figures.peak else "",
            "; ".join(told),
        )
    return result, missed


def verdicts(case: Case, figures: Figures, every: Mapping[str, Figures]) -> list[str]:
    """What was to be reached, and whether it was; of memory and the first byte only where they were not."""
    told: list[str] = []
    for target in case.targets:
        if target.than in every:
            ratio = ratio_of(figures.cpu, every[target.than].cpu)
            told.append(f"{target}: {_number(ratio)} {_word(target.met(ratio), target.miss(ratio))}")
    if not case.ours:
        return told
    if figures.peak and max(figures.peak) > case.peak:
        told.append(f"peak ≤ {case.peak / 2**20:g} MiB: NOT reached")
    if "raw" in every:
        late = statistics.median(figures.first) - statistics.median(every["raw"].first)
        if late > FIRST_TARGET:
            told.append(f"first byte ≤ raw + {FIRST_TARGET * 1000:g} ms: NOT reached, {late * 1000:.1f} ms")
    return told


def _number(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}"


def _word(met: bool, miss: str) -> str:  # noqa: FBT001 - it is the question
    return "reached" if met else f"NOT reached, by {miss}"
