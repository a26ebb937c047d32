"""Whether a body holds the rows it should, whatever its format."""

from __future__ import annotations

import json
from typing import Any

from bench.peers.rows import BLOCK, ROWS
from bench.server import ServerError

_EXPECTED = [{**row, "created": row["created"].isoformat()} for row in ROWS]


def parse(body: bytes, accept: str) -> list[Any]:
    """The rows in a body; what the formats themselves add is left out."""
    if accept == "application/json":
        return list(json.loads(body))
    if accept == "application/x-ndjson":
        return [json.loads(line) for line in body.splitlines()]
    blocks = body.replace(b"\r\n", b"\n").split(b"\n\n")
    return [json.loads(block.removeprefix(b"data: ")) for block in blocks if block.startswith(b"data: ")]


def check_rows(body: bytes, accept: str, label: str) -> None:
    """Raise `ServerError` unless `body` is whole blocks of the rows."""
    found = parse(body, accept)
    if not found or found != _EXPECTED * (len(found) // BLOCK):
        msg = f"{label}: the {len(found)} rows that came are not those that were to come"
        raise ServerError(msg)
