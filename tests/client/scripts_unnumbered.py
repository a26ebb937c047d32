"""Coming back where no event has an id: whether all may be asked for again."""

from __future__ import annotations

from typing import Final

from tailrace.client import Resume
from tailrace.errors import Truncated
from tests.client.script import (
    ASK,
    END,
    EVENTS,
    LAST,
    RESET,
    Handed,
    Script,
    Step,
    Wrong,
    chunk,
    event,
    flowing,
    get,
)

OURS: Final = flowing("text/event-stream", "Incremental: ?1")
"""The head of a stream of tailrace's, which says where it ends."""
TWO: Final = (event("1"), event("2"))
QUICK: Final = Resume(delay=0.01)


def cut(head: bytes, *events: bytes, handed: int) -> tuple[Step, ...]:
    return (ASK, head + chunk(b"".join(events) or b":\n\n"), Handed(handed), RESET)


def whole(head: bytes, *events: bytes, end: bytes = END) -> tuple[Step, ...]:
    return (ASK, head + chunk(b"".join(events) + end) + LAST)


SCRIPTS: Final = [
    Script(
        "unnumbered-of-tailrace-cut-is-not-read-twice",
        [cut(OURS, *TWO, handed=2)],
        [1, 2],
        error=Wrong(Truncated, ("lost after 2 records", "no ids to go on behind", "Resume(repeat=True)")),
        resume=QUICK,
        requests=[get()],
    ),
    Script(
        "unnumbered-of-tailrace-cut-is-read-again-if-one-says-so",
        [cut(OURS, *TWO, handed=2), whole(OURS, *TWO)],
        [1, 2, 1, 2],
        resume=Resume(delay=0.01, repeat=True),
        requests=[get(), get()],
    ),
    Script(
        "unnumbered-of-tailrace-cut-before-it-began",
        [cut(OURS, handed=0), whole(OURS, *TWO)],
        [1, 2],
        resume=QUICK,
        requests=[get(), get()],
    ),
    Script(
        "unnumbered-of-tailrace-that-is-shut-down-means-to-be-asked-again",
        [whole(OURS, *TWO, end=b"retry: 10\n\n"), cut(OURS, handed=2), whole(OURS, event("3"))],
        [1, 2, 3],
        resume=QUICK,
        requests=[get(), get(), get()],
    ),
    Script(
        "unnumbered-of-others-cut-is-not-read-twice-either",
        [cut(EVENTS, *TWO, handed=2)],
        [1, 2],
        error=Wrong(Truncated, ("lost after 2 records", "no ids to go on behind")),
        resume=QUICK,
        requests=[get()],
    ),
    Script(
        "unnumbered-of-others-ends-where-its-transfer-does",
        [whole(EVENTS, *TWO, end=b"")],
        [1, 2],
        resume=QUICK,
        requests=[get()],
        news="opened closed",
    ),
    Script(
        "unnumbered-of-others-is-read-again-as-by-an-event-source-if-one-says-so",
        [whole(EVENTS, *TWO, end=b""), whole(EVENTS, *TWO)],
        [1, 2, 1, 2],
        resume=Resume(delay=0.01, repeat=True),
        requests=[get(), get()],
    ),
    Script(
        "unnumbered-of-others-that-has-brought-nothing-is-asked-again",
        [(ASK, EVENTS + chunk(b":\n\n") + LAST), whole(EVENTS, *TWO)],
        [1, 2],
        resume=QUICK,
        requests=[get(), get()],
    ),
    Script(
        "unnumbered-behind-an-id-goes-on-behind-it",
        [cut(OURS, event("1", id="a"), event("2"), handed=2), whole(OURS, event("3"))],
        [1, 2, 3],
        resume=QUICK,
        requests=[get(), get(last_event_id="a")],
    ),
    Script(
        "unnumbered-from-an-empty-id-on",
        [cut(EVENTS, event("1", id="a"), b"id\ndata: 2\n\n", handed=2), whole(EVENTS, event("3"))],
        [1, 2, 3],
        requests=[get(), get()],
        ids=["a", None, None],
        resume=Resume(delay=0.01, repeat=True),
    ),
]
