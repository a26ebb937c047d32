"""What compression costs: a body in large pieces, and events that are flushed one by one."""

from __future__ import annotations

import os
import random
import string
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.peers.rows import PIECE, ROWS
from bench.table import Table, spread
from tailrace import NDJSON, EventStream
from tailrace._compress import compressor
from tailrace._model import CODINGS
from tailrace.formats import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_OPEN: Final = 400
"""Compressors that are open at a time, to see what one holds."""

_KIB: Final = 1024

LEGEND: Final = (
    "In one process, without a server. JSON is `tailrace.formats.encode` of the same rows as NDJSON. In bulk a body "
    "goes through in pieces of 64 KiB; an event is one row as a server-sent event, flushed so that a reader has it. "
    "Memory is what a compressor holds after such a body. CPU seconds, medians, and between what they lie."
)


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _through(coding: str, pieces: Sequence[bytes]) -> int:
    opened = compressor(coding)
    size = sum(len(opened.compress(piece, end=False)) for piece in pieces)
    return size + len(opened.compress(b"", end=True))


def _different(rows: int) -> list[dict[str, Any]]:
    """Rows that are not the same again after a thousand, which a compressor would find out."""
    dice = random.Random(7)  # noqa: S311 - rows, no secret
    words = ["".join(dice.choices(string.ascii_lowercase, k=dice.randint(3, 9))) for _ in range(5000)]
    start = ROWS[0]["created"]
    return [
        {
            "id": number,
            "name": " ".join(dice.choices(words, k=3)),
            "price": round(dice.uniform(1, 1000), 2),
            "created": start + timedelta(seconds=dice.randrange(10**7)),
        }
        for number in range(rows)
    ]


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _held(coding: str, pieces: Sequence[bytes]) -> float:
    """KiB that one open compressor holds."""
    before = _resident()
    opened = [compressor(coding) for _ in range(_OPEN)]
    for one in opened:
        for piece in pieces:
            one.compress(piece, end=False)
    return (_resident() - before) / _OPEN / _KIB


def run(rows: int, rounds: int, say: Callable[[str], None]) -> Table:
    """Measure both codings beside the JSON itself, in turn."""
    made = _different(rows)
    body = encode(NDJSON(), made)
    pieces = [body[start : start + PIECE] for start in range(0, len(body), PIECE)]
    events = [encode(EventStream(), [row]).partition(b"event: end")[0] for row in made]
    json: list[float] = []
    bulk: dict[str, list[float]] = {coding: [] for coding in CODINGS}
    single: dict[str, list[float]] = {coding: [] for coding in CODINGS}
    for number in range(rounds):
        say(f"round {number + 1}/{rounds}")
        json.append(_cpu(lambda: encode(NDJSON(), made)) / rows * 1e6)
        for coding in CODINGS:
            bulk[coding].append(_cpu(lambda coding=coding: _through(coding, pieces)) / rows * 1e6)
            single[coding].append(_cpu(lambda coding=coding: _through(coding, events)) / rows * 1e6)
    table = Table(
        ["", "bulk, µs a row", "x JSON", "smaller by", "event, µs a flush", "smaller by", "KiB held", ""]
    )
    table.add("JSON", spread(json, 2), "1.0")
    for coding in CODINGS:
        table.add(
            coding,
            spread(bulk[coding], 2),
            f"{spread([mine / other for mine, other in zip(bulk[coding], json, strict=True)], 1)}",
            f"{len(body) / _through(coding, pieces):.1f} x",
            spread(single[coding], 2),
            f"{sum(map(len, events)) / _through(coding, events):.1f} x",
            f"{_held(coding, pieces[:2]):.0f}",
        )
    return table
