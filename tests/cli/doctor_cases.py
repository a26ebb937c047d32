"""What a doctor may have seen, and how a row of a table is checked."""

from __future__ import annotations

import json
from typing import Any

from tailrace.cli.doctor.checks import examine
from tailrace.cli.doctor.finding import Case
from tailrace.cli.doctor.seen import Content, Piece, Seen, Stamp

HEALTHY = {
    "content-type": "application/x-ndjson",
    "transfer-encoding": "chunked",
    "vary": "Accept",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}
NGINX = {"server": "nginx/1.31.3", "content-type": "application/x-ndjson", "transfer-encoding": "chunked"}


def apart(count: int = 10, every: float = 0.1, size: int = 20, first: float = 0.01) -> tuple[Piece, ...]:
    return tuple(Piece(first + number * every, size, 1) for number in range(count))


def at_once(at: float, records: int = 10, size: int = 200) -> tuple[Piece, ...]:
    return (Piece(at, size, records),)


def content(kind: Any = "lines", **more: Any) -> Content:
    words = {"kind": kind, "records": 10, "ending": "the LF behind the last line"}
    return Content(**{**words, **more})


def seen(
    pieces: tuple[Piece, ...] = apart(),
    fields: dict[str, str] = HEALTHY,
    *,
    about: Content | None = None,
    **more: Any,
) -> Seen:
    last = pieces[-1].at if pieces else 0.0
    words = {"status": 200, "version": "HTTP/1.1", "head_at": 0.005, "ending": "complete", "ended_at": last}
    words["content"] = content() if about is None else about
    return Seen(pieces=pieces, fields=tuple(fields.items()), **{**words, **more})


def case(main: Seen, watched: float = 10.0, **more: Any) -> Case:
    return Case(main=main, watched=watched, **more)


def without(name: str, **more: str) -> dict[str, str]:
    return {key: value for key, value in HEALTHY.items() if key != name} | more


def stamps(at: float, count: int = 10, every: float = 0.1) -> tuple[Stamp, ...]:
    return tuple(Stamp(at, 1000.0 + number * every, "/at") for number in range(count))


EVENTS = {**HEALTHY, "content-type": "text/event-stream"}
GZIP = {**HEALTHY, "content-encoding": "gzip"}
WITH_IDS = content("events", ids=("1", "2", "3", "4"), last_id="4", ending=None, missing=None)
ENDED = content("events", ids=("1", "2", "~end"), last_id="~end", ending="event: end")

Row = tuple[Case, dict[str, str], set[str]]
"""What was seen; the findings that have to be there, with their severity, and all errors; codes that may not be."""


def check(row: Row) -> None:
    """Whether the findings are those of the row."""
    given, expected, absent = row
    findings = examine(given)
    found = {finding.code: finding.severity for finding in findings}
    assert expected.items() <= found.items(), found
    assert not absent & found.keys(), found
    errors = {code for code, severity in found.items() if severity == "error"}
    assert errors == {code for code, severity in expected.items() if severity == "error"}
    assert len(found) == len(findings), "each code once"
    assert all(finding.advice for finding in findings if finding.severity == "warning")
    json.dumps(given.main.members())
