"""One body, read again and again in this process; prints what was seen as JSON.

`python -m bench.peers.read READER FILE SIZE`, in chunks of SIZE bytes; 0: of one event each.
`python -m bench.peers.read READER VECTORS`: which rows of a file of vectors it reads otherwise.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

from bench.peers.readers import READERS, fields
from bench.peers.streams import chunks, digest

_SECONDS: Final = 0.4
"""For which it is read again, and at least once."""
_LONG: Final = 4.0
"""Seconds for the first time that are all there is."""


def _once(reader: str, ready: Any, keep: int | None = 0) -> tuple[float, deque[Any]]:
    """CPU milliseconds, and the last `keep` events; the others are let go at once."""
    gc.collect()
    began = time.process_time()
    found = deque(READERS[reader].read(ready), maxlen=keep)
    return (time.process_time() - began) * 1000, found


def measured(reader: str, whole: bytes, size: int) -> dict[str, Any]:
    """How long it takes, and what came."""
    pieces = chunks(whole, size)
    ready = READERS[reader].ready(pieces)
    first, events = _once(reader, ready, None)
    found = list(fields(READERS[reader], events))
    seen = {"events": len(found), "digest": digest(found)}
    del events, found
    times: list[float] = []
    until = time.perf_counter() + _SECONDS
    while first < _LONG * 1000 and (not times or time.perf_counter() < until):
        times.append(_once(reader, ready)[0])
    return {"ms": times or [first], **seen}


def wrong(reader: str, rows: list[dict[str, Any]]) -> list[str]:
    """The names of rows that it reads otherwise, whole or byte by byte; limits are nobody's but ours."""
    return [row["name"] for row in rows if "limits" not in row and not _is_right(reader, row)]


def _is_right(reader: str, row: dict[str, Any]) -> bool:
    whole = bytes.fromhex(row["input_hex"]) if "input_hex" in row else row["input"].encode()
    expected = [(event["event"] or "message", event["id"], event["data"]) for event in row["events"]]
    try:
        return all(
            list(fields(READERS[reader], READERS[reader].read(chunks(whole, size)))) == expected
            for size in (len(whole) or 1, 1)
        )
    except Exception:  # noqa: BLE001 - whatever it stumbles over
        return False


def main() -> None:
    """Measure or check, and say so."""
    reader, path, *size = sys.argv[1:]
    content = Path(path).read_bytes()
    seen = measured(reader, content, int(size[0])) if size else wrong(reader, json.loads(content)["rows"])
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
