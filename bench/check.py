"""Whether a body holds the rows it should, whatever its format."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from bench.peers.rows import BLOCK, FIRST_STORED, ROWS
from bench.server import ServerError

_EXPECTED = [{**row, "created": row["created"].isoformat()} for row in ROWS]

_AS_TEXT = [{name: str(value) for name, value in row.items()} for row in _EXPECTED]


def parse(body: bytes, accept: str) -> list[Any]:
    """The rows in a body; what the formats themselves add is left out."""
    if accept == "application/json":
        return list(json.loads(body))
    if accept == "application/x-ndjson":
        return [json.loads(line) for line in body.splitlines()]
    if accept == "text/csv":
        return list(csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True))
    blocks = body.replace(b"\r\n", b"\n").split(b"\n\n")
    return [json.loads(block.removeprefix(b"data: ")) for block in blocks if block.startswith(b"data: ")]


def check_rows(body: bytes, accept: str, label: str, *, stored: bool = False) -> None:
    """Raise `ServerError` unless `body` is whole blocks of the rows, or of the first in the database."""
    found = parse(body, accept)
    expected: list[Any] = (_AS_TEXT if accept == "text/csv" else _EXPECTED) * (len(found) // BLOCK)
    if stored:
        kind = type(expected[0]["id"]) if expected else int
        expected = [{**row, "id": kind(number)} for number, row in enumerate(expected, FIRST_STORED)]
    if found and isinstance(found[0], list):
        expected = [list(row.values()) for row in expected]
    if not found or found != expected:
        msg = f"{label}: the {len(found)} rows that came are not those that were to come"
        raise ServerError(msg)
