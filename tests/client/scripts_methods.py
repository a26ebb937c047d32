"""Requests with a body: which are sent again, and which are not."""

from __future__ import annotations

from typing import Final

from tailrace.client import Resume
from tailrace.errors import ConnectionLost, StreamFailed, Truncated
from tests.client.script import (
    ASK,
    EVENTS,
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
    numbered,
    put,
    sized,
)

CUT: Final = (ASK, EVENTS + chunk(numbered(1)), Handed(1), RESET)
BARE: Final = (ASK, EVENTS + chunk(event("1")), Handed(1), RESET)
LINE: Final = (ASK, sized("application/x-ndjson", b"1\n"))


POST: Final = {"method": "POST", "json": {"a": 1}}
POSTED: Final = put("POST", b'{"a":1}', content_type="application/json")
REPEAT: Final = Resume(delay=0.01, ceiling=0.02, repeat=True)

SCRIPTS: Final = [
    Script(
        "post-goes-on-behind-an-id",
        [CUT, ending(numbered(2))],
        [1, 2],
        requests=[POSTED, put("POST", b'{"a":1}', last_event_id="1")],
        options=POST,
    ),
    Script(
        "post-without-an-id-is-not-repeated",
        [BARE],
        [1],
        error=Wrong(Truncated, ("lost after 1 records",)),
        requests=[POSTED],
        options=POST,
    ),
    Script(
        "post-is-repeated-where-that-is-said",
        [BARE, ending()],
        [1],
        requests=[POSTED] * 2,
        options=POST,
        resume=REPEAT,
    ),
    Script(
        "post-that-was-sent-is-not-repeated",
        [(ASK, RESET)],
        error=Wrong(ConnectionLost, ("ReadError",)),
        requests=[POSTED],
        options=POST,
    ),
    Script(
        "post-that-was-sent-is-repeated-where-that-is-said",
        [(ASK, RESET), LINE],
        [1],
        requests=[POSTED] * 2,
        options=POST,
        resume=REPEAT,
    ),
    Script("post-that-was-not-sent-is-repeated", [REFUSED, LINE], [1], requests=[POSTED], options=POST),
    *[
        Script(
            f"post-{status[:3]}-is-repeated",
            [(ASK, sized(None, b"", status=status)), LINE],
            [1],
            requests=[POSTED] * 2,
            options=POST,
        )
        for status in ("408 Request Timeout", "429 Too Many Requests")
    ],
    Script(
        "post-503-is-not-repeated",
        [(ASK, sized(None, b"", status="503 Service Unavailable"))],
        error=Wrong(StreamFailed, ("(503)",)),
        requests=[POSTED],
        options=POST,
    ),
    Script(
        "post-500-is-not-repeated",
        [(ASK, sized(None, b"", status="500 Internal Server Error"))],
        error=Wrong(StreamFailed, ("(500)",)),
        requests=[POSTED],
        options=POST,
    ),
    Script(
        "put-is-repeated",
        [(ASK, RESET), ending(event("1"))],
        [1],
        requests=[put("PUT", b"text")] * 2,
        options={"method": "put", "content": b"text"},
    ),
    Script(
        "patch-is-not-repeated",
        [(ASK, RESET)],
        error=Wrong(ConnectionLost),
        requests=[put("PATCH", b"a=1", content_type="application/x-www-form-urlencoded")],
        options={"method": "PATCH", "data": {"a": 1}},
    ),
    Script(
        "lines-are-not-repeated-once-they-have-begun",
        [(ASK, RESET), (ASK, flowing("application/x-ndjson") + chunk(b"1\n"), Handed(1), RESET)],
        [1],
        error=Wrong(Truncated, ("lost after 1 records",)),
        requests=[get()] * 2,
    ),
]
