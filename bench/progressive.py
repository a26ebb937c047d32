"""Progressive documents: what it costs to write them, beside peers, and to read ours."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from bench.cases import AHEAD_TARGETS, LINEAR_TARGET, READER_TARGET, SHAPES, WRITERS, Target
from bench.env import PEERS, ROOT
from bench.peers.documents import HOLES, MARK, ROWS_PER_MB
from bench.server import Server, ServerError
from bench.table import Table, ratio_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.cases import Shape, Writer
    from bench.env import Environment

_PATIENCE: Final = 60
"""Seconds for a writer and a shape, with all that is measured of them."""
_MB: Final = 1_000_000
_ACCEPT: Final = "application/x-progressive-json;v=2"
_SERVERS: Final = {"ours": "pages:ours", "naive": "pages:by_hand"}

LEGEND: Final = (
    "Each figure is of a process of its own, the writers in turn. What is missing waits for the next turn of the "
    "loop (`asyncio.sleep(0)`, `setImmediate`) and is a small object then; so does each element of the list and "
    "each piece of the text, for which the peers on Node have an async iterable. Python on uvloop, with an ASGI "
    "`send` that only counts; on Node the stream is read to its end. The document is made before the clock "
    "starts: on Node its promises run by then, coroutines do not. Milliseconds are of the wall clock or of the "
    "process's CPU, whichever is less: what others on the machine take falls out. The first document is for the "
    "memory: the peak of what was resident over what was so with the document in it. Those that follow within "
    "half a second are for the time: their median. Of the rounds there is the median, and between what they lie. "
    "`ours ÷ it` is the median of the ratios round by round. Tailrace runs 32 awaitables at a time unless it "
    "says all. The reader takes tailrace's writes one by one; orjson's is `orjson.loads`. Over uvicorn: CPU is "
    "the server's, wall clock from the request to the last byte."
)


@dataclass
class Figures:
    """What was seen of a writer and a shape, round by round."""

    ms: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    extra: list[float] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    bytes: int = 0

    def add(self, seen: dict[str, Any]) -> None:
        """Take note of one round."""
        self.ms.append(median(seen["ms"]))
        if seen["read"]:
            self.read.append(median(seen["read"]))
        self.extra.append(seen["extra"] / _MB)
        self.writes.append(seen["writes"])
        self.bytes = seen["bytes"]


class Progressive:
    """One run, and what was measured."""

    def __init__(self, environment: Environment, say: Callable[[str], None], *, quick: bool) -> None:
        self.figures: dict[tuple[str, str], Figures] = {}
        self.left_out: dict[tuple[str, str], str] = {}
        self.server: dict[str, dict[str, list[float]]] = {}
        self._environment = environment
        self._say = say
        self._quick = quick

    def run(self, shapes: Iterable[Shape], rounds: int) -> None:
        """Measure every shape with every writer in turn, `rounds` times."""
        shapes = list(shapes)
        for shape in shapes:
            for writer in WRITERS:
                self._leave_out(shape, writer)
            for number in range(rounds):
                for writer in WRITERS:
                    if shape.document and (shape.key, writer.key) not in self.left_out:
                        self._say(f"round {number + 1}/{rounds}  {self.label(shape)}: {writer.label}")
                        self._measure(shape, writer)
            if not shape.document:
                self._serve(shape, rounds)

    def count(self, shape: Shape) -> int:
        """How large it is in this run."""
        return shape.quick if self._quick else shape.count

    def label(self, shape: Shape) -> str:
        """What it is called in this run."""
        return shape.label.format(count=self.count(shape))

    def _leave_out(self, shape: Shape, writer: Writer) -> None:
        why = writer.without.get(shape.document)
        if writer.node and self._environment.node is None:
            why = self._environment.without_node
        if writer.only and shape.document not in writer.only:
            why = ""
        if why is not None:
            self.left_out[shape.key, writer.key] = why

    def _measure(self, shape: Shape, writer: Writer) -> None:
        key, values = (shape.key, writer.key), (writer.key, shape.document, str(self.count(shape)))
        program = [str(self._environment.python), "-m", "bench.peers.fill"]
        if writer.node:
            program = [str(self._environment.node), "--expose-gc", str(PEERS / "fill.mjs")]
        try:
            done = subprocess.run(
                [*program, *values], cwd=ROOT, check=False, capture_output=True, text=True, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired:
            self.left_out[key] = f"stopped after {_PATIENCE} s"
            return
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "Error" in line]
            self.left_out[key] = f"failed: {(lines or ['without a word'])[-1].strip()}"
            return
        seen = json.loads(done.stdout)
        if seen["marks"] != self._expected(shape):
            msg = (
                f"{self.label(shape)}, {writer.label}: {seen['marks']} values came of {self._expected(shape)}"
            )
            raise ServerError(msg)
        self.figures.setdefault(key, Figures()).add(seen)

    def _expected(self, shape: Shape) -> int:
        count = self.count(shape)
        return count * ROWS_PER_MB + HOLES if shape.extra else count

    def _serve(self, shape: Shape, rounds: int) -> None:
        with ExitStack() as stack:
            servers: dict[str, Server] = {}
            for name, app in _SERVERS.items():
                servers[name] = server = stack.enter_context(Server(self._environment, app))
                self.server[name] = {"wall": [], "cpu": [], "first": []}
                marks = server.fetch(f"/?count={self.count(shape)}", _ACCEPT).count(MARK.encode())
                if marks != self.count(shape):
                    msg = f"{self.label(shape)}, {name}: {marks} values came of {self.count(shape)}"
                    raise ServerError(msg + server.said())
            for number in range(rounds * 3):  # they are short
                for name, server in servers.items():
                    self._say(f"round {number + 1}/{rounds * 3}  {self.label(shape)}: {name}")
                    self._request(server, name, self.count(shape))

    def _request(self, server: Server, name: str, count: int) -> None:
        values = (server.port, "/", count, _ACCEPT, server.pid)
        command = [sys.executable, "-m", "bench.reader", *map(str, values)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise ServerError(f"{name}: the reader failed: {done.stderr[-500:]}" + server.said())
        seen = json.loads(done.stdout)
        if seen["size"] < 0:
            raise ServerError(f"{name}: no proper end" + server.said())
        for what, values_seen in self.server[name].items():
            values_seen.append(seen[what] * 1000)


def tables(run: Progressive) -> tuple[list[Table], str, int]:
    """The tables, what they say of linearity, and how many targets were not reached."""
    written, missed = _written(run)
    line, bent = _linearity(run)
    found = [written] if run.figures else []
    found += [_served(run)] if run.server else []
    return found, line, missed + bent


def _written(run: Progressive) -> tuple[Table, int]:
    result = Table(
        [
            "",
            "ms",
            "ours ÷ it",
            "holes, pushes or deltas/s",
            "writes",
            "bytes",
            "extra MB",
            "reader ms",
            "to reach, and reached",
        ]
    )
    missed = 0
    for shape in SHAPES:
        for writer in WRITERS:
            key = (shape.key, writer.key)
            figures, label = run.figures.get(key), f"{run.label(shape)}: {writer.label}"
            if why := run.left_out.get(key):
                result.add(label, *["–"] * 7, why)
            elif figures is not None:
                verdicts = _verdicts(shape, figures, run.figures) if writer.key == "ours" else []
                missed += sum("NOT" in verdict for verdict in verdicts)
                result.add(label, *_cells(run, shape, figures), "; ".join(verdicts))
    return result, missed


def _cells(run: Progressive, shape: Shape, figures: Figures) -> list[str]:
    ours = run.figures.get((shape.key, "ours"))
    rate = run.count(shape) / median(figures.ms) * 1000
    return [
        spread(figures.ms, 2 if median(figures.ms) < 10 else 0),
        f"{ratio_of(ours.ms, figures.ms):.2f}" if ours is not None and ours is not figures else "",
        f"{rate:,.0f}" if not shape.extra else "",
        f"{median(figures.writes):,.0f}",
        f"{figures.bytes:,}",
        f"{median(figures.extra):.1f}",
        spread(figures.read, 2 if median(figures.read) < 10 else 0) if figures.read else "",
    ]


def _verdicts(shape: Shape, ours: Figures, every: dict[tuple[str, str], Figures]) -> list[str]:
    found: list[str] = []
    for target in (*shape.targets, *AHEAD_TARGETS):
        theirs = every.get((shape.key, target.than))
        if theirs is not None:
            found.append(_verdict("", target, ratio_of(ours.ms, theirs.ms)))
    if shape.extra is not None:
        extra = median(ours.extra)
        word = "reached" if extra <= shape.extra else f"NOT reached, by {extra / shape.extra - 1:.0%}"
        found.append(f"extra ≤ {shape.extra:g} MB: {extra:.0f} {word}")
        for target in AHEAD_TARGETS:
            theirs = every.get((shape.key, target.than))
            if theirs is not None:
                found.append(_verdict("extra ", target, extra / median(theirs.extra)))
    found.append(_verdict("reader ", READER_TARGET, ratio_of(ours.read, ours.ms)))
    return found


def _verdict(what: str, target: Target, ratio: float) -> str:
    word = "reached" if target.met(ratio) else f"NOT reached, by {target.miss(ratio)}"
    return f"{what}{target}: {ratio:.2f} {word}"


def _linearity(run: Progressive) -> tuple[str, int]:
    each: dict[str, list[float]] = {}
    shown: list[str] = []
    for shape in SHAPES:
        figures = run.figures.get((shape.key, "ours"))
        if shape.document == "wide" and figures is not None:
            count = run.count(shape)
            each[shape.key] = [1000 * ms / count for ms in figures.ms]
            shown.append(f"{median(each[shape.key]):.1f} of {count:,}")
    if not shown:
        return "", 0
    line, last = f"µs for a hole: {', '.join(shown)}.", list(each)[-1]
    if LINEAR_TARGET.than not in each or last == LINEAR_TARGET.than:
        return line, 0
    ratio = ratio_of(each[last], each[LINEAR_TARGET.than])
    verdict = _verdict("", LINEAR_TARGET, ratio)
    return f"{line} The last {verdict}.", int("NOT" in verdict)


def _served(run: Progressive) -> Table:
    result = Table(["over uvicorn", "wall ms", "ours ÷ it", "CPU ms", "ours ÷ it", "first byte ms", ""])
    ours = run.server["ours"]
    for name, seen in run.server.items():
        mine = name == "ours"
        result.add(
            "tailrace" if mine else "naive, version 1",
            spread(seen["wall"], 0),
            "" if mine else f"{ratio_of(ours['wall'], seen['wall']):.2f}",
            spread(seen["cpu"], 0),
            "" if mine else f"{ratio_of(ours['cpu'], seen['cpu']):.2f}",
            spread(seen["first"], 1),
        )
    return result
