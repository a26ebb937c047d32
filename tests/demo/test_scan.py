"""The page's scanners count the items of every format, at every split, as the decoders do."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import JSON, NDJSON, EventStream, Problem
from tailrace.formats import encode
from tests.demo.running import HERE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tailrace.formats import Format

ITEMS: list[Any] = [
    {"a": 'x[{"\\'},
    [1, [2]],
    "sch\u00f6n, \u20ac",
    7,
    {},
    [],
    None,
    "\n\n",
    {"problem": {"title": 1}},
]
FORMATS: dict[str, Format] = {"json": JSON(), "ndjson": NDJSON(), "sse": EventStream()}
PROBLEM = Problem(title="Broken", ref="1")


def case(name: str, items: list[Any], state: str, body: bytes) -> dict[str, Any]:
    return {"format": name, "items": items, "state": state, "body": list(body)}


def cases() -> list[dict[str, Any]]:
    found = []
    for name, fmt in FORMATS.items():
        found += [case(name, items, "ended", encode(fmt, items)) for items in (ITEMS, ITEMS[:1], [])]
        failed = "cut" if name == "json" else "failed"
        # Of an array left open only a closing bracket shows that its last item is whole: ITEMS[-1] has one.
        found.append(case(name, ITEMS, failed, encode(fmt, ITEMS, problem=PROBLEM)))
    found.append(case("ndjson", ITEMS[:1], "cut", encode(NDJSON(), ITEMS[:2])[:-3]))
    return found


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_scanners_count_at_every_split(tmp_path: Path) -> None:
    # Under a name that every node takes for a module.
    shutil.copy(ROOT / "examples/demo/static/scan.js", tmp_path / "scan.mjs")
    shutil.copy(HERE / "scan_splits.mjs", tmp_path / "splits.mjs")
    done = subprocess.run(
        ["node", tmp_path / "splits.mjs"],
        input=json.dumps(cases()),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
