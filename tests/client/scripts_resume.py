"""Coming back: where to go on, when, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from tailrace.client import Resume
from tailrace.errors import ConnectionLost, StreamFailed, Truncated
from tests.client.script import (
    ASK,
    EVENTS,
    LAST,
    REFUSED,
    RESET,
    Handed,
    Jump,
    Script,
    Step,
    Wrong,
    chunk,
    ending,
    event,
    get,
    numbered,
    sized,
)

SLOW: Final = Resume(delay=1.0, ceiling=30.0)
"""With a clock that jumps, it takes no time."""
BUSY: Final = (ASK, sized(None, b"", status="503 Service Unavailable"))


def busy(*fields: str, status: str = "503 Service Unavailable") -> tuple[Step, ...]:
    return (ASK, sized(None, b"", *fields, status=status))


def cut(*events: bytes, handed: int) -> tuple[Step, ...]:
    """A connection that brings events, and is reset."""
    return (ASK, EVENTS + chunk(b"".join(events)), Handed(handed), RESET)


def ended(*events: bytes) -> tuple[Step, ...]:
    """One that brings events, and ends without saying that it is all."""
    return (ASK, EVENTS + chunk(b"".join(events)) + LAST)


def date(seconds: float) -> str:
    return format_datetime(datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), usegmt=True)


SOON: Final = format_datetime(datetime.now(UTC) + timedelta(seconds=250), usegmt=True)

IDS: Final = [
    Script(
        "resume-behind-the-last-id-each-event-once",
        [cut(numbered(1, 2), handed=2), cut(numbered(3), handed=3), ending(numbered(4, 5))],
        [1, 2, 3, 4, 5],
        requests=[get(), get(last_event_id="2"), get(last_event_id="3")],
        ids=["1", "2", "3", "4", "5"],
        news="opened again:1 opened again:2 opened closed",
    ),
    Script(
        "resume-also-behind-a-good-end",
        [ended(numbered(1, 2)), ending(numbered(3))],
        [1, 2, 3],
        requests=[get(), get(last_event_id="2")],
        news="opened again:1 opened closed",
    ),
    Script(
        "resume-id-stays-for-events-without",
        [cut(event("1", id="a"), event("2"), event("3"), handed=3), ending(event("4"), event("5", id="b"))],
        [1, 2, 3, 4, 5],
        requests=[get(), get(last_event_id="a")],
        ids=["a", "a", "a", "a", "b"],
    ),
    Script(
        "resume-id-without-data-counts",
        [(ASK, EVENTS + chunk(event("1", id="a") + b"id: b\n\n") + LAST), ending(event("2"))],
        [1, 2],
        requests=[get(), get(last_event_id="b")],
        ids=["a", "b"],
    ),
    Script(
        "resume-id-with-nul-is-none",
        [cut(event("1", id="a"), b"id: b\0c\ndata: 2\n\n", handed=2), ending()],
        [1, 2],
        requests=[get(), get(last_event_id="a")],
    ),
    Script(
        "resume-id-of-half-an-event-is-none",
        [
            (ASK, EVENTS + chunk(event("1", id="a") + b"id: b\ndata: 2\n"), Handed(1), RESET),
            ending(event("2", id="b")),
        ],
        [1, 2],
        requests=[get(), get(last_event_id="a")],
    ),
    Script(
        "resume-id-in-utf-8",
        [ended(event("1", id="größe-✓")), ending()],
        [1],
        requests=[get(), get(last_event_id="größe-✓")],
        ids=["größe-✓"],
    ),
    Script(
        "resume-id-with-spaces-around",
        [ended(b"id:  7 \ndata: 1\n\n"), ending()],
        [1],
        requests=[get(), get(last_event_id="7")],
        ids=[" 7 "],
    ),
    Script(
        "resume-from-an-initial-id",
        [cut(event("1", id="5a"), handed=1), ending(event("2", id="6"))],
        [1, 2],
        requests=[get(last_event_id="5"), get(last_event_id="5a")],
        ids=["5a", "6"],
        options={"last_event_id": "5"},
    ),
    Script(
        "resume-from-an-initial-id-when-nothing-came",
        [(ASK, EVENTS, RESET), busy(), (ASK, EVENTS + LAST), ending(event("1"))],
        [1],
        requests=[get(last_event_id="5")] * 4,
        options={"last_event_id": "5"},
    ),
    Script(
        "resume-id-over-a-header-of-the-users",
        [ended(numbered(7)), ending()],
        [7],
        requests=[get(last_event_id="5"), get(last_event_id="7")],
        options={"headers": {"Last-Event-ID": "5"}},
    ),
]

PACE: Final = [
    Script(
        "retry-is-the-least-delay",
        [ended(b"retry: 3000\n\n", event("1", id="1")), ending()],
        [1],
        delays=[(3.0, 6.0)],
    ),
    Script(
        "retry-counts-in-half-an-event",
        [(ASK, EVENTS + chunk(b"data: 1\nretry: 3000\n") + LAST), ending()],
        [],
        delays=[(3.0, 6.0)],
    ),
    Script(
        "retry-stays-until-another",
        [ended(b"retry: 3000\n\n"), ended(event("1", id="1")), ended(b"retry: 40\n\n"), ending()],
        [1],
        delays=[(3.0, 6.0), (3.0, 12.0), (0.1, 1.0)],
        resume=SLOW,
    ),
    Script(
        "retry-junk-is-nothing",
        [
            ended(
                b"retry: soon\nretry: -1\nretry: 1.5\nretry\nretry: 9 \nretry: \xd9\xa3\n\n",
                event("1", id="1"),
            ),
            ending(),
        ],
        [1],
        delays=[(0.01, 0.02)],
    ),
    Script(
        "retry-is-cut-to-the-longest",
        [ended(b"retry: %b\n\n" % (b"9" * 40)), ending()],
        [],
        delays=[(300.0, 375.0)],
    ),
    Script(
        "back-off-grows-to-its-ceiling",
        [*[BUSY] * 6, ending()],
        [],
        resume=SLOW,
        chance=1.0,
        delays=[(seconds, seconds) for seconds in (2.0, 4.0, 8.0, 16.0, 30.0, 30.0)],
        news="again:1 again:2 again:3 again:4 again:5 again:6 opened closed",
    ),
    Script(
        "back-off-is-never-below-the-delay",
        [*[BUSY] * 4, ending()],
        [],
        resume=SLOW,
        chance=0.0,
        delays=[(1.0, 1.0)] * 4,
    ),
    Script(
        "back-off-starts-anew-behind-a-healthy-connection",
        [BUSY, BUSY, (ASK, EVENTS + chunk(event("1", id="1")), Handed(1), Jump(1.0), LAST), BUSY, ending()],
        [1],
        resume=SLOW,
        chance=1.0,
        delays=[(seconds, seconds) for seconds in (2.0, 4.0, 2.0, 4.0)],
        news="again:1 again:2 opened again:1 again:2 opened closed",
    ),
    Script(
        "back-off-goes-on-behind-a-short-connection",
        [BUSY, BUSY, (ASK, EVENTS + chunk(event("1", id="1")), Handed(1), Jump(0.5), LAST), ending()],
        [1],
        resume=SLOW,
        chance=1.0,
        delays=[(seconds, seconds) for seconds in (2.0, 4.0, 8.0)],
    ),
    Script(
        "no-hot-loop-on-instant-ends",
        [*[ended(b"retry: 0\n\n", event("1", id="1"))] * 6, ending()],
        [1] * 6,
        chance=0.0,
        delays=[(0.1, 0.1)] * 6,
    ),
]

WAITS: Final = [
    Script("retry-after-in-seconds", [busy("Retry-After: 7"), ending()], delays=[(7.0, 14.0)], resume=SLOW),
    Script(
        "retry-after-429",
        [busy("Retry-After: 9", status="429 Too Many Requests"), ending()],
        delays=[(9.0, 18.0)],
        resume=SLOW,
    ),
    Script(
        "retry-after-a-date-by-the-servers-own-clock",
        [busy(f"Date: {date(0)}", f"Retry-After: {date(9)}"), ending()],
        delays=[(9.0, 18.0)],
        resume=SLOW,
    ),
    Script(
        "retry-after-a-date-that-is-over",
        [busy(f"Date: {date(9)}", f"Retry-After: {date(0)}"), ending()],
        delays=[(0.01, 0.02)],
    ),
    Script(
        "retry-after-a-date-without-a-clock",
        [busy(f"Retry-After: {SOON}"), ending()],
        delays=[(100.0, 250.0 * 1.25)],
    ),
    Script("retry-after-junk", [busy("Retry-After: soon"), ending()], delays=[(0.01, 0.02)]),
    Script(
        "retry-after-is-no-less-than-the-delay",
        [busy("Retry-After: 0"), ending()],
        delays=[(1.0, 2.0)],
        resume=SLOW,
    ),
    Script(
        "retry-after-longer-than-the-longest-stops",
        [busy("Retry-After: 301")],
        error=Wrong(StreamFailed, problem={"title": "Service Unavailable", "status": 503}),
        news="closed:StreamFailed",
    ),
    Script(
        "retry-after-a-date-longer-than-the-longest-stops",
        [busy(f"Date: {date(0)}", f"Retry-After: {date(301)}", status="429 Too Many Requests")],
        error=Wrong(StreamFailed, problem={"title": "Too Many Requests", "status": 429}),
    ),
]

ATTEMPTS: Final = [
    Script(
        "attempts-are-over-where-nobody-listens",
        [REFUSED] * 3,
        error=Wrong(ConnectionLost, ("after 3 attempts", "ConnectError")),
        resume=Resume(delay=0.01, ceiling=0.02, attempts=3),
        news="again:1 again:2 closed:ConnectionLost",
    ),
    Script(
        "attempts-are-over-where-nothing-comes",
        [ended()] * 3,
        error=Wrong(Truncated, ("without its end",)),
        resume=Resume(delay=0.01, ceiling=0.02, attempts=3),
        news="opened again:1 opened again:2 opened closed:Truncated",
    ),
    Script(
        "attempts-are-over-where-a-server-stays-busy",
        [BUSY, REFUSED, BUSY],
        error=Wrong(StreamFailed, ("Service Unavailable (503)",)),
        resume=Resume(delay=0.01, ceiling=0.02, attempts=3),
        news="again:1 again:2 closed:StreamFailed",
    ),
    Script(
        "attempts-start-anew-with-each-event",
        [BUSY, ended(event("1", id="1")), BUSY, ended(event("2", id="2")), BUSY, ending()],
        [1, 2],
        resume=Resume(delay=0.01, ceiling=0.02, attempts=3),
    ),
]

SCRIPTS: Final = [*IDS, *PACE, *WAITS, *ATTEMPTS]
