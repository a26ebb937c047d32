"""Small events on many connections: what one costs the server, how old it is, what a connection holds."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.cases import LATENCY_TARGET, LIVE, MEMORY_TARGET
from bench.env import ROOT
from bench.server import Server, ServerError
from bench.table import Table, ratio_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.cases import Case, Target
    from bench.env import Environment

BUSY, CALM = 0.01, 0.1
_SECONDS = 2.5
_WARM = 50
_SPARE = 200
"""File descriptors besides the connections."""


@dataclass
class Figures:
    """What was seen of a case."""

    cpu: list[float] = field(default_factory=list)
    """Microseconds per event."""
    rate: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """The 99th percentile of the ages in milliseconds, at an event each 10 ms and connection."""
    calm: list[float] = field(default_factory=list)
    """The same at an event each 100 ms."""
    memory: list[float] = field(default_factory=list)
    """KiB per connection."""


class Live:
    """One run."""

    def __init__(
        self, environment: Environment, connections: int, idle: int, say: Callable[[str], None]
    ) -> None:
        self.figures: dict[str, Figures] = {}
        self.left_out: dict[str, str] = {}
        self._environment = environment
        self._say = say
        self._connections = connections
        self._wanted = idle
        # One process holds the server's half of them, another the reader's.
        most = _raise_limit() - _SPARE
        self._idle = min(idle, most)

    def run(self, cases: Iterable[Case], rounds: int) -> None:
        """Measure every case in turn, `rounds` times."""
        ready = [case for case in cases if self._can(case)]
        for number in range(rounds):
            for case in ready:
                self._say(f"events, round {number + 1}/{rounds}  {case.label}")
                self._events(case)
        for number in range(rounds):
            for case in ready:
                self._say(f"memory, round {number + 1}/{rounds}  {case.label}")
                self._memory(case)

    def legend(self) -> str:
        """How it was measured."""
        held = f"{self._idle:,}"
        if self._idle < self._wanted:
            held += f" (not {self._wanted:,}: the hard limit of open files is {self._idle + _SPARE:,})"
        return (
            f"One process, loopback, {self._connections:,} connections, each with a source of its own that makes an "
            f"event, then sleeps 10 ms (at that rate the servers are saturated: the rate says how far they get) or "
            f"100 ms. p99 is of an event's age when it is read: it carries the time at which it was made. Memory is "
            f"the server's growth with {held} idle connections that have had one event, divided by them."
        )

    def _can(self, case: Case) -> bool:
        if case.app.endswith(".mjs") and self._environment.node is None:
            self.left_out[case.key] = self._environment.without_node
            return False
        self.figures[case.key] = Figures()
        return True

    def _events(self, case: Case) -> None:
        figures = self.figures[case.key]
        busy = self._crowd(case, BUSY)
        figures.cpu.append(busy["cpu"] / busy["events"] * 1e6)
        figures.rate.append(busy["events"] / busy["wall"])
        figures.busy.append(busy["p99"])
        figures.calm.append(self._crowd(case, CALM)["p99"])

    def _crowd(self, case: Case, interval: float) -> dict[str, Any]:
        # A new server each time: not all of them end a source whose reader has gone.
        with Server(self._environment, case.app) as server:
            command = _command(server, case.path, self._connections, interval)
            done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
            if done.returncode:
                raise ServerError(f"{case.label}: {done.stderr.strip()[-500:]}" + server.said())
            seen: dict[str, Any] = json.loads(done.stdout)
            if seen["lost"] or not seen["events"]:
                raise ServerError(f"{case.label}: {seen['lost']} connections were lost" + server.said())
            return seen

    def _memory(self, case: Case) -> None:
        with Server(self._environment, case.app) as server:
            # What the first connections cost once is not what one costs.
            self._hold(case, server, _WARM)
            time.sleep(0.5)
            before = server.rss()
            grown = self._hold(case, server, self._idle) - before
            self.figures[case.key].memory.append(grown / self._idle / 1024)

    def _hold(self, case: Case, server: Server, count: int) -> int:
        """The server's resident bytes while it holds `count` idle connections."""
        command = _command(server, case.path, count, 0.0)
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as crowd:
            assert crowd.stdout is not None  # noqa: S101 - a pipe was asked for
            try:
                if crowd.stdout.readline() != b"ready\n":
                    raise ServerError(f"{case.label}: {count} connections could not be held" + server.said())
                return server.rss()
            finally:
                crowd.kill()


def _command(server: Server, path: str, connections: int, interval: float) -> list[str]:
    values = (server.port, path, connections, server.pid, interval, _SECONDS)
    return [sys.executable, "-m", "bench.crowd", *map(str, values)]


def _raise_limit() -> int:
    """Allow as many open files as may be; servers and readers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 1 << 16 if hard == resource.RLIM_INFINITY else min(hard, 1 << 16)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def table(live: Live) -> tuple[Table, int]:
    """The table, and how many of its targets were not reached."""
    result = Table(
        [
            "",
            "CPU µs per event",
            "x raw",
            "events/s",
            "p99 ms at 10 ms",
            "p99 ms at 100 ms",
            "KiB per idle connection",
            "x raw",
            "to reach, and reached",
        ]
    )
    every, missed = live.figures, 0
    for case in LIVE:
        figures = every.get(case.key)
        if figures is None:
            if case.key in live.left_out:
                result.add(case.label, *[""] * 7, f"not measured: {live.left_out[case.key]}")
            continue
        verdicts = _verdicts(case, figures, every)
        missed += sum("NOT" in verdict for verdict in verdicts)
        raw = every.get("raw")
        result.add(
            case.label,
            spread(figures.cpu, 1),
            f"{ratio_of(figures.cpu, raw.cpu):.2f}" if raw else "",
            f"{median(figures.rate):,.0f}",
            spread(figures.busy, 1),
            spread(figures.calm, 2),
            spread(figures.memory, 1),
            f"{ratio_of(figures.memory, raw.memory):.2f}" if raw else "",
            "; ".join(verdicts),
        )
    return result, missed


def _verdicts(case: Case, figures: Figures, every: dict[str, Figures]) -> list[str]:
    if not case.targets:
        return []
    found = [
        _verdict("event", target, figures.cpu, every[target.than].cpu)
        for target in case.targets
        if target.than in every
    ]
    if MEMORY_TARGET.than in every:
        found.append(_verdict("memory", MEMORY_TARGET, figures.memory, every[MEMORY_TARGET.than].memory))
    if LATENCY_TARGET.than in every:
        theirs = every[LATENCY_TARGET.than]
        found.append(_verdict("p99 at 10 ms", LATENCY_TARGET, figures.busy, theirs.busy))
        found.append(_verdict("p99 at 100 ms", LATENCY_TARGET, figures.calm, theirs.calm))
    return found


def _verdict(what: str, target: Target, ours: Sequence[float], theirs: Sequence[float]) -> str:
    # A single round's p99 may be a fluke of the scheduler's, and a ratio of flukes is none.
    ratio = median(ours) / median(theirs) if what.startswith("p99") else ratio_of(ours, theirs)
    word = "reached" if target.met(ratio) else f"NOT reached, by {target.miss(ratio)}"
    return f"{what} {target}: {ratio:.2f} {word}"
