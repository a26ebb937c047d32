"""What items are made of and what they are held to: types, formats, limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from tailrace import CSV, NDJSON, Document, Event, Limits, Progressive
from tailrace.errors import DecodeError, LimitExceeded
from tests.client.script import (
    ASK,
    EVENTS,
    HANG,
    Handed,
    Script,
    Wrong,
    chunk,
    ending,
    event,
    flowing,
    numbered,
    sized,
)

LINES: Final = "application/x-ndjson"
ARRAY: Final = "application/json"
SEQUENCE: Final = "application/json-seq"
ROWS: Final = "text/csv"
PARTS: Final = "application/x-progressive-json;v=2"


class Order(msgspec.Struct):
    id: int
    tags: list[str] = []


class Model(BaseModel):
    id: int


@dataclass
class Row:
    a: int
    b: str


TYPES: Final = [
    Script(
        "type-of-lines",
        [(ASK, sized(LINES, b'{"id":1}\n{"id":2,"tags":["x"]}\n'))],
        [Order(1), Order(2, ["x"])],
        type=Order,
    ),
    Script("type-of-an-array", [(ASK, sized(ARRAY, b'[{"id":1}]'))], [Model(id=1)], type=Model),
    Script("type-of-events", [ending(event('{"id":1}', id="7"))], [Order(1)], ids=["7"], type=Order),
    Script("type-of-rows", [(ASK, sized(ROWS, b"a,b\r\n1,x\r\n"))], [Row(1, "x")], type=Row),
    Script("events-of-lines", [(ASK, sized(LINES, b'{"id":1}\n'))], [Event({"id": 1})], type=Event),
    *[
        Script(
            f"wrong-type-in-{name}",
            [(ASK, flowing(media_type) + chunk(body), Handed(1), HANG)],
            [Order(1)],
            error=Wrong(DecodeError, ("record 1", "$.tags[0]"), record=1, path="$.tags[0]"),
            last=last,
            type=Order,
        )
        for name, media_type, body, last in (
            ("lines", LINES, b'{"id":1}\n{"id":2,"tags":[3]}\n{"id":3}\n', None),
            ("an-array", ARRAY, b'[{"id":1},{"id":2,"tags":[3]},{"id":3}]', None),
            ("a-sequence", SEQUENCE, b'\x1e{"id":1}\n\x1e{"id":2,"tags":[3]}\n\x1e{"id":3}\n', None),
            (
                "events",
                "text/event-stream",
                b'id: 1\ndata: {"id":1}\n\nid: 2\ndata: {"id":2,"tags":[3]}\n\nid: 3\ndata: {"id":3}\n\n',
                "1",
            ),
        )
    ],
    Script(
        "wrong-type-in-rows",
        [(ASK, sized(ROWS, b"a,b\r\n1,x\r\nz,y\r\n2,x\r\n"))],
        [Row(1, "x")],
        error=Wrong(DecodeError, ("record 1", "$.a"), record=1, path="$.a"),
        type=Row,
    ),
    Script(
        "wrong-type-of-a-model",
        [(ASK, sized(LINES, b'{"id":1}\n{"id":"x"}\n'))],
        [Model(id=1)],
        error=Wrong(DecodeError, record=1, path="$.id"),
        type=Model,
    ),
    Script(
        "events-that-are-no-json",
        [(ASK, EVENTS + chunk(event("1", id="1") + event("done", id="2")), HANG)],
        [1],
        error=Wrong(DecodeError, ("record 1", "type=Event"), record=1),
        last="1",
    ),
    Script(
        "events-of-a-language-model-end-with-a-word",
        [(ASK, EVENTS + chunk(event("1") + event("[DONE]")), HANG)],
        [1],
        news="opened closed",
    ),
    Script(
        "lines-that-are-text", [(ASK, sized("text/plain", b"1\n2\n"))], [1, 2], options={"format": NDJSON()}
    ),
    Script(
        "rows-with-semicolons",
        [(ASK, sized("text/plain", b"a;b\n1;2\n"))],
        [{"a": "1", "b": "2"}],
        options={"format": CSV(delimiter=";")},
    ),
    Script(
        "lines-are-no-document",
        [(ASK, sized(LINES, b"1\n"))],
        error=Wrong(DecodeError, ("expected a document", "x-ndjson")),
        type=Document,
    ),
    Script(
        "a-document-by-its-format",
        [(ASK, sized(LINES, b'{"v":2,"id":0,"set":1}\n{"done":1}\n'))],
        type=Document,
        value=1,
        options={"format": Progressive()},
    ),
    Script(
        "lines-that-are-html",
        [(ASK, sized(LINES, b"<h1>No</h1>\n"))],
        error=Wrong(DecodeError, ("record 0",), record=0),
    ),
]


def limited(name: str, media_type: str, body: bytes, items: list[Any], limit: str, **limits: int) -> Script:
    """A body that goes on for ever, and is left once a limit is passed."""
    return Script(
        f"limit-of-{name}",
        [(ASK, flowing(media_type) + chunk(body), Handed(len(items)), HANG)],
        items,
        error=Wrong(LimitExceeded, (limit,)),
        options={"limits": Limits(**limits)},
        news="opened closed:LimitExceeded",
    )


LIMITS: Final = [
    limited("a-line", LINES, b'1\n"' + b"x" * 100, [1], "Limits.line", line=64),
    limited(
        "a-line-of-events",
        "text/event-stream",
        b"data: 1\n\ndata: " + b"x" * 100,
        [1],
        "Limits.line",
        line=64,
    ),
    limited(
        "an-event", "text/event-stream", b"data: 1\n\n" + b"data: 2\n" * 60, [1], "Limits.event", event=64
    ),
    limited("an-element", ARRAY, b'[1, "' + b"x" * 100, [1], "Limits.event", event=64),
    limited("a-text", SEQUENCE, b'\x1e1\n\x1e"' + b"x" * 100, [1], "Limits.line", line=64),
    limited("a-row", ROWS, b"a\r\n1\r\n" + b"x" * 100, [{"a": "1"}], "Limits.line", line=64),
    limited("the-whole", LINES, b"1\n2\n3\n", [1, 2], "Limits.total", total=4),
    limited("the-whole-of-events", "text/event-stream", numbered(1, 2), [1], "Limits.total", total=20),
    limited("depth-of-lines", LINES, b"1\n[[[[[]]]]]\n", [1], "Limits.depth", depth=4),
    limited("depth-of-an-array", ARRAY, b"[1,[[[[[", [1], "Limits.depth", depth=4),
    limited(
        "depth-of-events",
        "text/event-stream",
        b"data: 1\n\ndata: [[[[[]]]]]\n\n",
        [1],
        "Limits.depth",
        depth=4,
    ),
]

SCRIPTS: Final = [*TYPES, *LIMITS]
