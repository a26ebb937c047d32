"""Reading: how fast server-sent events and NDJSON are read beside peers, and what is read right."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from bench.cases import READ_AHEAD_TARGET, READ_LINEAR_TARGETS, READERS, READINGS, Target
from bench.env import PEERS, ROOT
from bench.peers.streams import body, digest, fields_of
from bench.server import ServerError
from bench.table import Table, ratio_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bench.cases import Reader, Reading
    from bench.env import Environment

_PATIENCE: Final = 120
"""Seconds for a reader and a body."""
_LONG: Final = 4000
"""Milliseconds for which once is enough."""
_VECTORS: Final = ROOT / "vectors" / "event_stream_decode.json"

LEGEND: Final = (
    "Each figure is of a process of its own, the readers in turn: the CPU time from the chunks of a body to the "
    "reader's own events, which are let go at once, again and again for 0.4 seconds, and the median of that (on "
    "Node wall clock where that is less: it compiles on other threads). Of the rounds there is the median, and "
    "between what they lie; `ours ÷ it` is how many times as fast ours is, round by round. What takes 4 seconds is "
    "measured once. Peers are given no more than the chunks, without a connection: those of httpx the text, "
    "decoded as httpx does it, `launchdarkly-eventsource` its own reader of chunks, `aiohttp-sse-client2` a "
    "stream of aiohttp's that has all of them. Each has to give the right events, all of them: name, last event id "
    "and data. An event of full is some 66 bytes, of data 43, a row 101. NDJSON is read to plain values; the ready "
    "lines were cut before the clock starts."
)


class Client:
    """One run, and what was measured."""

    def __init__(self, environment: Environment, say: Callable[[str], None], *, quick: bool) -> None:
        self.ms: dict[tuple[str, str], list[float]] = {}
        self.left_out: dict[tuple[str, str], str] = {}
        self.wrong: dict[str, list[str]] = {}
        self.bytes: dict[str, int] = {}
        self._environment = environment
        self._say = say
        self._quick = quick

    def run(self, readings: Iterable[Reading], rounds: int) -> None:
        """Measure every body with every reader in turn, `rounds` times, and check each against the vectors."""
        for reader in READERS:
            if not reader.rows and (not reader.node or self._environment.node):
                self._say(f"vectors: {reader.label}")
                self.wrong[reader.key] = self._started(reader, _VECTORS)
        for reading in readings:
            with self._made(reading) as path:
                expected = digest(fields_of(reading.kind, self.count(reading)))
                for number in range(rounds):
                    for reader in readers_of(reading):
                        self._say(f"round {number + 1}/{rounds}  {self.label(reading)}: {reader.label}")
                        self._measure(reading, reader, path, expected)

    def count(self, reading: Reading) -> int:
        """How large it is in this run."""
        return reading.quick if self._quick else reading.count

    def label(self, reading: Reading) -> str:
        """What it is called in this run."""
        return reading.label.format(count=self.count(reading))

    @contextmanager
    def _made(self, reading: Reading) -> Iterator[Path]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "body"
            self.bytes[reading.key] = path.write_bytes(body(reading.kind, self.count(reading)))
            yield path

    def _measure(self, reading: Reading, reader: Reader, path: Path, expected: str) -> None:
        key = (reading.key, reader.key)
        if reader.node and self._environment.node is None:
            self.left_out[key] = self._environment.without_node
        if key in self.left_out or any(ms >= _LONG for ms in self.ms.get(key, [])):
            return
        try:
            seen = self._started(reader, path, reading.size)
        except subprocess.TimeoutExpired:
            self.left_out[key] = f"stopped after {_PATIENCE} s"
        except ServerError as error:
            if reader.key == "ours":
                raise
            self.left_out[key] = f"failed: {error}"
        else:
            if seen["digest"] != expected:
                msg = f"{self.label(reading)}, {reader.label}: what came is not what was in it"
                raise ServerError(msg)
            self.ms.setdefault(key, []).append(median(seen["ms"]))

    def _started(self, reader: Reader, *arguments: Path | int) -> Any:
        program = [str(self._environment.python), "-m", "bench.peers.read", reader.key]
        if reader.node:
            program = [str(self._environment.node), "--expose-gc", str(PEERS / "read.mjs")]
        command = [*program, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=_PATIENCE
        )
        if done.returncode:
            said = re.split(r"^(?=\S)", done.stderr.strip(), flags=re.MULTILINE)[-1]
            raise ServerError(" ".join(said.split())[:100])
        return json.loads(done.stdout)


def readers_of(reading: Reading) -> list[Reader]:
    """Who can read it, ours first."""
    return [reader for reader in READERS if reader.rows == reading.rows]


def results(run: Client) -> tuple[Table, list[str], int]:
    """The table, what is to be said below it, and how many targets were not reached."""
    result = Table(
        ["", "million events, rows or lines/s", "MB/s", "ours ÷ it", "to reach, and reached"],
    )
    missed = 0
    for reading in READINGS:
        ours, *others = readers_of(reading)
        for reader in (ours, *others):
            label, ms = f"{run.label(reading)}: {reader.label}", run.ms.get((reading.key, reader.key))
            if why := run.left_out.get((reading.key, reader.key)):
                result.add(label, *["–"] * 3, why)
            elif ms is not None:
                verdicts = _verdicts(run, reading) if reader is ours else []
                missed += sum("NOT" in verdict for verdict in verdicts)
                result.add(
                    label, *_cells(run, reading, ms, run.ms[reading.key, ours.key]), "; ".join(verdicts)
                )
    lines, bent = _linearity(run)
    return result, [*lines, _vectors(run)], missed + bent


def _cells(run: Client, reading: Reading, ms: list[float], ours: list[float]) -> list[str]:
    count, size = run.count(reading), run.bytes[reading.key]
    rates = [count / one / 1000 for one in ms]
    return [
        "" if reading.kind == "long" else spread(rates, 3 if median(rates) < 0.1 else 2),
        spread([size / one / 1000 for one in ms], 0),
        "" if ms is ours else spread([other / mine for mine, other in zip(ours, ms, strict=False)], 2),
    ]


def _verdicts(run: Client, reading: Reading) -> list[str]:
    ours, *others = readers_of(reading)
    mine, found = run.ms[reading.key, ours.key], list[str]()
    for target in reading.targets:
        theirs = run.ms.get((reading.key, target.than))
        if theirs is not None and target.most is not None:
            found.append("time " + _verdict(target, ratio_of(mine, theirs)))
        elif theirs is not None:
            found.append(_verdict(target, ratio_of(theirs, mine)))
    measured = {
        reader.label: ratio_of(run.ms[reading.key, reader.key], mine)
        for reader in others
        if not reader.node and reader.key != "ready" and (reading.key, reader.key) in run.ms
    }
    if measured:
        nearest = min(measured, key=measured.__getitem__)
        found.append(f"{_verdict(READ_AHEAD_TARGET, measured[nearest])} ({nearest})")
    return found


def _verdict(target: Target, ratio: float) -> str:
    word = "reached" if target.met(ratio) else f"NOT reached, by {target.miss(ratio)}"
    return f"{target}: {ratio:.2f} {word}"


def _linearity(run: Client) -> tuple[list[str], int]:
    """What a line costs among few and among many, and a megabyte of a line."""
    each = {
        reading.key: [ms * 1000 / run.count(reading) for ms in run.ms[reading.key, "ours"]]
        for reading in READINGS
        if (reading.key, "ours") in run.ms
    }
    labels = {reading.key: run.label(reading) for reading in READINGS}
    shown = [
        f"{labels[key]}: {spread(each[key], 2)} µs each; {labels[target.than]}: {spread(each[target.than], 2)} µs: "
        + _verdict(target, ratio_of(each[key], each[target.than]))
        for key, target in READ_LINEAR_TARGETS.items()
        if {key, target.than} <= each.keys()
    ]
    return [f"{line}." for line in shown], sum("NOT" in line for line in shown)


def _vectors(run: Client) -> str:
    rows = json.loads(_VECTORS.read_text(encoding="utf-8"))["rows"]
    count = sum("limits" not in row for row in rows)
    labels = {reader.key: reader.label for reader in READERS}
    told = [
        f"- {labels[key]}: {count - len(wrong)} of {count}" + (f"; not {', '.join(wrong)}" if wrong else "")
        for key, wrong in run.wrong.items()
    ]
    return "\n".join(
        ["Rows of vectors/event_stream_decode.json that are read right, whole and byte by byte:", "", *told]
    )
