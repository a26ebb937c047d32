"""What the doctor makes of ends, header fields, pauses and ids: a table."""

from __future__ import annotations

import pytest

from tailrace import Problem
from tailrace.cli.doctor.seen import Content, Piece
from tests.cli.doctor_cases import (
    ENDED,
    EVENTS,
    NGINX,
    WITH_IDS,
    Row,
    apart,
    at_once,
    case,
    check,
    content,
    seen,
    without,
)

TABLE: dict[str, Row] = {
    "cut": (
        case(seen(ending="cut", why="reset", about=content(ending=None))),
        {"cut": "error"},
        {"ends", "no-end"},
    ),
    "no answer": (
        case(seen((), {}, status=0, head_at=None, ending="cut", why="closed", about=Content())),
        {"cut": "error"},
        {"silent", "silence", "no-accel"},
    ),
    "failed, and says so": (
        case(seen(about=content(problem=Problem(title="Disk full"), ending=None))),
        {"failed": "error"},
        {"ends"},
    ),
    "malformed": (
        case(seen(about=content(broken="record 3: no JSON", ending=None))),
        {"malformed": "error"},
        {"ends"},
    ),
    "no end": (
        case(seen(about=content(missing="the end of a record", ending=None))),
        {"no-end": "error"},
        {"ends"},
    ),
    "no last LF": (
        case(seen(about=content(doubt="its last line has no LF", ending=None))),
        {"no-last-lf": "warning"},
        {"ends", "no-end"},
    ),
    "endless": (
        case(seen(ending="open", ended_at=10.0, about=content(ending=None))),
        {"endless": "unknown"},
        {"ends"},
    ),
    "only the connection ends": (
        case(seen(fields=without("transfer-encoding"))),
        {"close-delimited": "warning"},
        set(),
    ),
    "HTTP/2 has frames": (
        case(seen(fields=without("transfer-encoding"), version="HTTP/2")),
        {},
        {"close-delimited", "six"},
    ),
    "404": (
        case(seen(at_once(0.01), {"content-type": "text/plain"}, status=404, about=content("text"))),
        {"status": "error"},
        {"too-fast", "no-accel", "silence", "wrong-type"},
    ),
    "no X-Accel-Buffering": (
        case(seen(fields=without("x-accel-buffering"))),
        {"no-accel": "warning"},
        {"accel"},
    ),
    "nginx keeps that field to itself": (case(seen(fields=NGINX)), {"streams": "ok"}, {"no-accel", "accel"}),
    "no Cache-Control": (case(seen(fields=without("cache-control"))), {"cacheable": "warning"}, {"uncached"}),
    "no-cache stores": (
        case(seen(fields=without("cache-control", **{"cache-control": "no-cache"}))),
        {"cacheable": "note"},
        {"uncached"},
    ),
    "no Vary where it matters": (
        case(seen(fields=without("vary")), otherwise=seen((), EVENTS, ending="open")),
        {"no-vary": "warning"},
        {"varies"},
    ),
    "Vary where it matters": (case(seen(), otherwise=seen((), EVENTS)), {"varies": "ok"}, {"no-vary"}),
    "406 depends on Accept too": (
        case(seen(fields=without("vary")), otherwise=seen((), {"content-type": "text/plain"}, status=406)),
        {"no-vary": "warning"},
        set(),
    ),
    "no Vary where it does not": (
        case(seen(fields=without("vary")), otherwise=seen()),
        {},
        {"no-vary", "varies"},
    ),
    "events called text": (
        case(seen(fields=without("content-type", **{"content-type": "text/plain"}), about=content("events"))),
        {"wrong-type": "error"},
        set(),
    ),
    "lines called JSON": (
        case(seen(fields=without("content-type", **{"content-type": "application/json"}))),
        {"wrong-type": "error"},
        set(),
    ),
    "lines called text": (
        case(seen(fields=without("content-type", **{"content-type": "text/plain"}))),
        {"wrong-type": "warning"},
        set(),
    ),
    "called nothing": (case(seen(fields=without("content-type"))), {"no-type": "warning"}, {"wrong-type"}),
    "events in Latin-1": (
        case(
            seen(
                fields=without("content-type", **{"content-type": "text/event-stream; charset=latin-1"}),
                about=ENDED,
            )
        ),
        {"charset": "warning"},
        {"wrong-type"},
    ),
    "a pause of a minute": (
        case(seen((Piece(0.1, 9, 1), Piece(61.0, 9, 1))), watched=65.0),
        {"silence": "error"},
        set(),
    ),
    "a pause that was not seen to its end": (
        case(seen(apart(2), ending="open", ended_at=10.0)),
        {"silence": "unknown"},
        set(),
    ),
    "looked at for long enough": (
        case(
            seen(tuple(Piece(15.0 * number, 3, 0) for number in range(1, 5)), ending="open", ended_at=65.0),
            watched=65.0,
        ),
        {"silence": "ok"},
        set(),
    ),
    "resumes": (
        case(
            seen(fields=EVENTS, about=WITH_IDS),
            resumed=seen(about=content("events", ids=("3",))),
            resumed_behind="2",
        ),
        {"resumes": "ok", "six": "note"},
        {"no-resume", "no-ids"},
    ),
    "begins anew": (
        case(
            seen(fields=EVENTS, about=WITH_IDS),
            resumed=seen(about=content("events", ids=("1",))),
            resumed_behind="2",
        ),
        {"no-resume": "warning"},
        {"resumes"},
    ),
    "goes on somewhere": (
        case(
            seen(fields=EVENTS, about=WITH_IDS),
            resumed=seen(about=content("events", ids=("9",))),
            resumed_behind="2",
        ),
        {"no-resume": "warning"},
        {"resumes"},
    ),
    "keeps nothing, and says so": (
        case(
            seen(fields=EVENTS, about=WITH_IDS),
            resumed=seen((), status=410, about=content()),
            resumed_behind="2",
        ),
        {"resumes": "note"},
        {"no-resume"},
    ),
    "says nothing": (
        case(
            seen(fields=EVENTS, about=WITH_IDS), resumed=seen((), about=content("events")), resumed_behind="2"
        ),
        {"resumes": "unknown"},
        {"no-resume"},
    ),
    "no ids": (
        case(
            seen(fields=EVENTS, about=content("events", ids=("~end",), last_id="~end", ending="event: end"))
        ),
        {"no-ids": "note"},
        {"no-resume"},
    ),
    "told to stop": (
        case(seen(fields=EVENTS, about=ENDED), after_end=seen((), status=204, about=content(records=0))),
        {"stops": "ok"},
        {"runs-again"},
    ),
    "runs for ever": (
        case(seen(fields=EVENTS, about=ENDED), after_end=seen(about=content("events"))),
        {"runs-again": "warning"},
        {"stops"},
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_was_said_means(name: str) -> None:
    check(TABLE[name])
