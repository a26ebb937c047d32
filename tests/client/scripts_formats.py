"""What comes of bodies, whole and cut: records and ends of each format."""

from __future__ import annotations

from typing import Any, Final

from tailrace import Document
from tailrace.errors import DecodeError, StreamFailed, Truncated
from tests.client.script import (
    ASK,
    EVENTS,
    HANG,
    LAST,
    RESET,
    Handed,
    Script,
    Step,
    Wrong,
    chunk,
    event,
    flowing,
    sized,
)

LINES: Final = "application/x-ndjson"
ARRAY: Final = "application/json"
SEQUENCE: Final = "application/json-seq"
ROWS: Final = "text/csv"
PARTS: Final = "application/x-progressive-json;v=2"


def lost(name: str, media_type: str, body: bytes, items: list[Any], *says: str, **more: Any) -> list[Script]:
    """A body that is cut there: by a reset, without a last chunk, and by an end that looks like a good one."""
    wrong = Wrong(Truncated, says)
    begun = flowing(media_type) + chunk(body)
    broken: list[tuple[str, tuple[Step, ...], Wrong]] = [
        ("reset", (ASK, begun, Handed(len(items)), RESET), wrong),
        ("no-last-chunk", (ASK, begun), wrong),
        ("good-end", (ASK, begun + LAST), wrong),
    ]
    return [Script(f"{name}-{how}", [steps], items, error, **more) for how, steps, error in broken]


PIECES: Final = [
    *lost("lines-cut-in-a-record", LINES, b'{"a":1}\n[2]\n{"a', [{"a": 1}, [2]]),
    *lost("lines-cut-in-a-number", LINES, b"1\n2\n3", [1, 2]),
    *lost("array-cut-in-an-element", ARRAY, b'[{"a":1},[2],{"a', [{"a": 1}, [2]]),
    *lost("array-cut-behind-an-element", ARRAY, b'[{"a":1},[2]', [{"a": 1}, [2]]),
    *lost("array-cut-behind-a-comma", ARRAY, b'[{"a":1},[2],', [{"a": 1}, [2]]),
    *lost("sequence-cut-in-a-text", SEQUENCE, b'\x1e{"a":1}\n\x1e[2]\n\x1e{"a', [{"a": 1}, [2]]),
    *lost("rows-cut-in-quotes", ROWS, b'a,b\r\n1,2\r\n3,"4', [{"a": "1", "b": "2"}]),
    *lost("lines-without-their-end-record", LINES + ";end=1", b"1\n2\n", [1, 2], "end record"),
    Script(
        "lines-cut-behind-a-record-by-a-reset",
        [(ASK, flowing(LINES) + chunk(b"1\n2\n"), Handed(2), RESET)],
        [1, 2],
        error=Wrong(Truncated, ("lost after 2 records", "ReadError")),
        news="opened closed:Truncated",
    ),
    Script(
        "lines-cut-behind-a-record-without-a-last-chunk",
        [(ASK, flowing(LINES) + chunk(b"1\n2\n"))],
        [1, 2],
        error=Wrong(Truncated, ("lost after 2 records",)),
    ),
    Script(
        "lines-to-their-end",
        [
            (
                ASK,
                sized(LINES, b"1\n2"),
            )
        ],
        error=Wrong(Truncated),
        items=[1],
    ),
    Script(
        "lines-with-their-end-record",
        [(ASK, flowing(LINES + ";end=1") + chunk(b'1\n{"end":{"count":1}}\n') + LAST)],
        [1],
    ),
    Script(
        "lines-with-their-end-record-and-then-a-reset",
        [(ASK, flowing(LINES + ";end=1") + chunk(b'1\n{"end":{"count":1}}\n'), Handed(1), RESET)],
        [1],
        news="opened closed",
    ),
    Script(
        "an-open-problem-and-a-reset",
        [(ASK, flowing(LINES) + chunk(b'1\n{"problem":{"title":"No","status":500}'), Handed(1), RESET)],
        [1],
        error=Wrong(StreamFailed, ("No (500)",), problem={"title": "No", "status": 500}),
    ),
    Script(
        "an-open-problem-and-no-last-chunk",
        [(ASK, flowing(LINES) + chunk(b'1\n{"problem":{"title":"No","status":500}'))],
        [1],
        error=Wrong(StreamFailed, problem={"title": "No", "status": 500}),
    ),
    Script(
        "rows-cut-behind-a-row-by-a-reset",
        [(ASK, flowing(ROWS) + chunk(b"a,b\r\n1,2\r\n"), Handed(1), RESET)],
        [{"a": "1", "b": "2"}],
        error=Wrong(Truncated, ("lost after 1 records",)),
    ),
    Script(
        "text-is-cut",
        [(ASK, flowing("text/plain") + chunk("grüß".encode()[:-1]))],
        ["grü\ufffd"],
        error=Wrong(Truncated),
        joined=True,
    ),
    Script(
        "bytes-are-cut",
        [(ASK, flowing("image/png") + chunk(b"\0\1\2"))],
        [b"\0\1\2"],
        error=Wrong(Truncated),
        joined=True,
    ),
    Script("bytes-are-whole", [(ASK, sized("image/png", b"\0\1\2"))], [b"\0\1\2"], joined=True),
    Script("without-a-type-they-are-bytes", [(ASK, sized(None, b"\0\1\2"))], [b"\0\1\2"], joined=True),
]

TAIL: Final = b'{"id":1,"set":2}\n{"done":2}\n'
DOCUMENTS: Final = [
    Script(
        "array-elements-as-they-come",
        [
            (
                ASK,
                flowing(ARRAY) + chunk(b"[1"),
                chunk(b","),
                Handed(1),
                chunk(b'{"a":2} '),
                Handed(2),
                chunk(b"]") + LAST,
            )
        ],
        [1, {"a": 2}],
    ),
    Script(
        "array-ends-before-its-connection",
        [(ASK, flowing(ARRAY) + chunk(b"[1]"), Handed(1), RESET)],
        [1],
        news="opened closed",
    ),
    Script("array-as-a-document", [(ASK, sized(ARRAY, b"[1,2]"))], type=Document, value=[1, 2]),
    Script("object-is-a-document", [(ASK, sized(ARRAY, b'{"a":[1]}'))], type=Document, value={"a": [1]}),
    Script(
        "problem-with-status-200",
        [(ASK, sized("application/problem+json", b'{"title":"No"}'))],
        type=Document,
        value={"title": "No"},
    ),
    Script(
        "elements-of-a-progressive-list",
        [
            (
                ASK,
                sized(
                    PARTS,
                    b'{"v":2,"id":0,"set":[],"meta":1}\n{"id":1,"push":[1,2]}\n{"id":1,"push":[3]}\n{"id":1,"end":true}\n{"done":4}\n',
                ),
            )
        ],
        [1, 2, 3],
    ),
    Script(
        "progressive-is-cut",
        [
            (
                ASK,
                flowing(PARTS) + chunk(b'{"v":2,"id":0,"set":{"a":1,"b":null},"meta":{"b":1}}\n{"id":1'),
                RESET,
            )
        ],
        type=Document,
        value={"a": 1, "b": None},
        error=Wrong(Truncated),
    ),
    Script(
        "progressive-is-whole-though-the-connection-breaks",
        [(ASK, flowing(PARTS) + chunk(b'{"v":2,"id":0,"set":{"a":null},"meta":{"a":1}}\n' + TAIL), RESET)],
        type=Document,
        value={"a": 2},
        news="opened closed",
    ),
    Script(
        "progressive-in-events-goes-on-behind-an-id",
        [
            (
                ASK,
                EVENTS + chunk(event('{"v":2,"id":0,"set":{"a":null},"meta":{"a":1}}', id="1")),
                Handed(1),
                RESET,
            ),
            (
                ASK,
                EVENTS
                + chunk(event('{"id":1,"set":2}', id="2") + event('{"done":2}', event="end", id="~end")),
                HANG,
            ),
        ],
        type=Document,
        value={"a": 2},
        news="opened again:1 opened closed",
    ),
    Script(
        "progressive-in-events-and-then-in-lines-stops",
        [
            (
                ASK,
                EVENTS + chunk(event('{"v":2,"id":0,"set":{"a":null},"meta":{"a":1}}', id="1")),
                Handed(1),
                RESET,
            ),
            (ASK, sized(PARTS, TAIL)),
        ],
        type=Document,
        value={"a": None},
        error=Wrong(DecodeError, ("another format",)),
    ),
]

SCRIPTS: Final = [*PIECES, *DOCUMENTS]
