"""What a server says of the whole: statuses, ends, problems, gaps."""

from __future__ import annotations

from typing import Any, Final

from tailrace import Event
from tailrace.client import Resume
from tailrace.errors import ConnectionLost, StreamFailed, Truncated
from tests.client.script import (
    ASK,
    EVENTS,
    HANG,
    LAST,
    REFUSED,
    RESET,
    Handed,
    Script,
    Wrong,
    chunk,
    ending,
    event,
    flowing,
    get,
    gzip,
    head,
    numbered,
    sized,
)

TERMINAL: Final = {"event": "problem", "id": "~end"}


def failed(**problem: Any) -> Wrong:
    return Wrong(StreamFailed, (problem["title"],), problem=problem)


def answer(status: str, body: bytes = b"", media_type: str | None = "application/json", *fields: str) -> Any:
    return (ASK, sized(media_type, body, *fields, status=status))


ENDS: Final = [
    Script(
        "end-stops",
        [(ASK, EVENTS + chunk(numbered(1) + event('{"count":1}', event="end", id="~end")), HANG)],
        [1],
        requests=[get()],
        news="opened closed",
    ),
    Script(
        "end-with-another-id-is-an-event",
        [ending(event('{"count":1}', event="end", id="7"), event('"x"', event="end"))],
        [{"count": 1}, "x"],
        ids=["7", "7"],
    ),
    Script(
        "end-hides-what-is-behind-it",
        [(ASK, EVENTS + chunk(numbered(1) + event("{}", event="end", id="~end") + numbered(3)), HANG)],
        [1],
        last="~end",
    ),
    Script(
        "end-as-an-event",
        [ending(event("text", id="1"))],
        [Event("text", id="1")],
        type=Event,
    ),
    Script(
        "problem-stops",
        [
            (
                ASK,
                EVENTS + chunk(numbered(1) + event('{"title":"No more","status":503,"left":4}', **TERMINAL)),
                HANG,
            )
        ],
        [1],
        error=failed(title="No more", status=503, left=4),
        requests=[get()],
        news="opened closed:StreamFailed",
    ),
    Script(
        "problem-of-nothing-stops",
        [(ASK, EVENTS + chunk(event("oh", **TERMINAL)), HANG)],
        error=failed(title="Unknown problem", status=500),
    ),
    Script(
        "problem-with-another-id-is-an-event",
        [ending(event('{"title":"No"}', event="problem", id="7"), event("2", event="problem"))],
        [{"title": "No"}, 2],
    ),
    Script("204-stops", [answer("204 No Content", b"", None)], requests=[get()], news="closed"),
    Script("205-stops", [answer("205 Reset Content", b"", None)], requests=[get()], news="closed"),
    Script(
        "204-at-a-reconnect-stops",
        [(ASK, EVENTS + chunk(numbered(1)), Handed(1), RESET), answer("204 No Content", b"", None)],
        [1],
        requests=[get(), get(last_event_id="1")],
        news="opened again:1 closed",
    ),
    Script(
        "no-resume-a-good-end-is-one",
        [(ASK, EVENTS + chunk(numbered(1)) + LAST)],
        [1],
        resume=False,
        requests=[get()],
        news="opened closed",
    ),
    Script(
        "no-resume-a-server-of-tailrace-says-its-end",
        [(ASK, flowing("text/event-stream", "Incremental: ?1") + chunk(numbered(1)) + LAST)],
        [1],
        error=Wrong(Truncated, ("after 1 records",)),
        resume=False,
    ),
    Script(
        "no-resume-a-cut-body",
        [(ASK, EVENTS + chunk(numbered(1)), Handed(1), RESET)],
        [1],
        error=Wrong(Truncated, ("lost after 1 records", "ReadError")),
        resume=False,
        requests=[get()],
        news="opened closed:Truncated",
    ),
    Script(
        "no-resume-a-status",
        [answer("503 Service Unavailable", b"", None)],
        error=failed(title="Service Unavailable", status=503),
        resume=False,
    ),
    Script("no-resume-nobody", [REFUSED], error=Wrong(ConnectionLost, ("ConnectError",)), resume=False),
]

PROBLEM: Final = b'{"type":"https://example.org/no","title":"No","status":418,"detail":"Not so","left":1}'
HUGE: Final = b'{"title":"' + b"x" * 300_000

ERRORS: Final = [
    Script(
        "4xx-with-a-problem",
        [answer("404 Not Found", PROBLEM, "application/problem+json")],
        error=Wrong(
            StreamFailed,
            ("No (404): Not so",),
            problem={
                "type": "https://example.org/no",
                "title": "No",
                "status": 404,
                "detail": "Not so",
                "left": 1,
            },
        ),
        requests=[get()],
        news="closed:StreamFailed",
    ),
    Script(
        "4xx-of-fastapi",
        [answer("403 Forbidden", b'{"detail":"Not for you"}')],
        error=failed(title="Forbidden", status=403, detail="Not for you"),
    ),
    Script(
        "4xx-of-fastapi-with-errors",
        [answer("422 Unprocessable Entity", b'{"detail":[{"loc":["q"],"msg":"missing"}]}')],
        error=Wrong(StreamFailed, ("(422)",)),
    ),
    Script(
        "4xx-of-text",
        [answer("400 Bad Request", b"What?", "text/plain")],
        error=failed(title="Bad Request", status=400, detail="What?"),
    ),
    Script(
        "4xx-of-html-is-not-for-people-who-read-logs",
        [answer("400 Bad Request", b"<h1>What?</h1>", "text/html")],
        error=failed(title="Bad Request", status=400),
    ),
    Script(
        "4xx-of-a-language-model",
        [answer("401 Unauthorized", b'{"error":{"message":"Incorrect API key"}}', "application/json")],
        error=failed(title="Unauthorized", status=401, detail="Incorrect API key"),
    ),
    Script(
        "4xx-compressed",
        [answer("404 Not Found", gzip(PROBLEM), "application/problem+json", "Content-Encoding: gzip")],
        error=Wrong(StreamFailed, ("No (404): Not so",)),
    ),
    Script(
        "4xx-with-a-huge-body",
        [answer("404 Not Found", HUGE)],
        error=failed(title="Not Found", status=404),
    ),
    Script(
        "4xx-cut-in-its-body",
        [(ASK, head("application/json", "Content-Length: 99", status="404 Not Found") + b'{"title":', RESET)],
        error=failed(title="Not Found", status=404),
    ),
    Script(
        "4xx-whose-body-never-ends",
        [(ASK, head("text/plain", "Content-Length: 99", status="404 Not Found") + b"No", HANG)],
        error=failed(title="Not Found", status=404, detail="No"),
    ),
    Script(
        "an-unknown-status",
        [answer("499 Whatever", b"", None)],
        error=failed(title="HTTP status 499", status=499),
    ),
    *[
        Script(
            f"{status[:3]}-comes-again",
            [answer(status, PROBLEM), ending()],
            requests=[get()] * 2,
            news="again:1 opened closed",
        )
        for status in (
            "408 Request Timeout",
            "425 Too Early",
            "429 Too Many Requests",
            "500 Internal Server Error",
            "502 Bad Gateway",
            "504 Gateway Timeout",
        )
    ],
    Script(
        "5xx-in-the-end-with-its-problem",
        [answer("500 Internal Server Error", PROBLEM, "application/problem+json")] * 2,
        error=Wrong(StreamFailed, ("No (500): Not so",)),
        resume=Resume(delay=0.01, ceiling=0.02, attempts=2),
    ),
    Script(
        "4xx-at-a-reconnect-stops",
        [(ASK, EVENTS + chunk(numbered(1)), Handed(1), RESET), answer("404 Not Found", PROBLEM)],
        [1],
        error=Wrong(StreamFailed, ("No (404)",)),
        last="1",
        news="opened again:1 closed:StreamFailed",
    ),
]

GAPS: Final = [
    Script(
        "410-is-a-gap",
        [answer("410 Gone", b'{"title":"Too old","earliest":"9"}', "application/problem+json")],
        error=Wrong(StreamFailed, ("Too old (410)",)),
        requests=[get(last_event_id="3")],
        news="gap:3:9 closed:StreamFailed",
        options={"last_event_id": "3"},
    ),
    Script(
        "410-without-a-word",
        [answer("410 Gone", b"", None)],
        error=failed(title="Gone", status=410),
        news="closed:StreamFailed",
    ),
    Script(
        "gap-event",
        [ending(numbered(1), event('{"requested":"3","earliest":"9"}', event="gap"), numbered(9))],
        [1, 9],
        news="opened gap:3:9 closed",
    ),
    Script(
        "gap-event-at-a-reconnect",
        [
            (ASK, EVENTS + chunk(numbered(3)), Handed(1), RESET),
            ending(event('{"requested":"3","earliest":"9"}', event="gap"), numbered(9)),
        ],
        [3, 9],
        news="opened again:1 opened gap:3:9 closed",
    ),
    Script(
        "gap-event-of-another-kind-is-an-event",
        [ending(event('{"requested":"3","why":1}', event="gap"), event("[]", event="gap"))],
        [{"requested": "3", "why": 1}, []],
        news="opened closed",
    ),
]

SCRIPTS: Final = [*ENDS, *ERRORS, *GAPS]
