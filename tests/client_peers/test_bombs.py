"""Fault 30: a megabyte that is a gibibyte once it is inflated. The reader's whole process stays under 64 MiB."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tailrace._compress import zstd_module
from tests.client_peers.raw import Answer, answering

pytestmark = pytest.mark.seed("30")

MIB: Final = 1024 * 1024
SIZE: Final = 1024
"""Of a bomb that has gone off, in MiB."""
MOST: Final = 64
PROGRAM: Final = Path(__file__).with_name("bombed.py")
WITHIN: Final = 60


@dataclass(frozen=True)
class Bomb:
    """What a bomb is of, and what the reader says of it, as a pattern."""

    content_type: str
    opening: bytes
    unit: bytes
    says: str = ""
    coding: str = "gzip"
    size: int = SIZE

    @property
    def body(self) -> bytes:
        """It, compressed: the same mebibyte again and again, of which each is complete in itself."""
        unit = self.unit * (MIB // len(self.unit))
        if self.coding == "zstd":
            module: Any = zstd_module()
            return bytes(module.compress(self.opening) + module.compress(unit) * self.size)
        gzip = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
        deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
        first = gzip.compress(self.opening) + gzip.flush(zlib.Z_FULL_FLUSH)
        return first + (deflate.compress(unit) + deflate.flush(zlib.Z_FULL_FLUSH)) * self.size


EVENTS, LINES, ARRAY = "text/event-stream", "application/x-ndjson", "application/json"
BOMBS: Final = {
    "event": Bomb(EVENTS, b"data: 1\n\ndata: ", b"x" * 1024, "LimitExceeded.*Limits.line"),
    "data-lines": Bomb(EVENTS, b"data: 1\n\n", b"data:" + b"x" * 26 + b"\n", "LimitExceeded.*Limits.event"),
    "line": Bomb(LINES, b"1\n", b"x" * 1024, "LimitExceeded.*Limits.line"),
    "element": Bomb(ARRAY, b'[1,"', b"x" * 1024, "LimitExceeded.*Limits.event", coding="zstd"),
    "document": Bomb(ARRAY, b'{"a":"', b"x" * 1024, "LimitExceeded.*Limits.event"),
}
ENDLESS: Final = {
    "newlines-total": Bomb(LINES, b"1\n", b"\n" * 1024),
    "comments-total": Bomb(EVENTS, b"data: 1\n\n", b":" + b"x" * 1021 + b"\n\n"),
    "items-total": Bomb(LINES, b"1\n", b"[1]\n", coding="zstd"),
    "spaces-total": Bomb(ARRAY, b"[1,", b" " * 1024),
}
SMALL: Final = Bomb(LINES, b"1\n", b"x" * 1024, size=80)


def detonated(reader: str, bombs: dict[str, Bomb]) -> list[dict[str, Any]]:
    """What a process of its own says of each, one after the other."""
    bodies = {f"/{name}": bomb.body for name, bomb in bombs.items()}

    def answer(answer: Answer) -> None:
        bomb = bombs[answer.target[1:]]
        answer.begin(bomb.content_type, f"Content-Encoding: {bomb.coding}")
        answer.send(bodies[answer.target])

    with answering(answer) as server:
        words = [sys.executable, PROGRAM, reader, *(server.url + name for name in bombs)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=WITHIN, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# On an event loop four times as much is read at a time.
@pytest.mark.parametrize(("shell", "name"), [*(("async", name) for name in BOMBS), ("sync", "data-lines")])
def test_the_reader_stops_at_the_limit(shell: str, name: str) -> None:
    (seen,) = detonated(shell, {name: BOMBS[name]})
    assert re.search(BOMBS[name].says, seen["error"])
    assert seen["peak"] < MOST


def test_what_has_no_limit_ends_where_the_user_says() -> None:
    """Each of these is small, or nothing at all."""
    seen = detonated("async", ENDLESS)
    assert len(seen) == len(ENDLESS)
    for one in seen:
        assert re.search("LimitExceeded.*Limits.total", one["error"])
        assert one["peak"] < MOST


def test_who_knows_no_limit_takes_all_that_there_is() -> None:
    """The control: a twelfth of such a bomb, read line by line."""
    (seen,) = detonated("httpx2 lines", {"line": SMALL})
    assert seen["peak"] > SMALL.size
