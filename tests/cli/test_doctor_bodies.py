"""How the doctor reads a body: what it is, whatever it is called, how it ends, and when its records were made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tailrace.cli.doctor.body import Body
from tailrace.cli.doctor.kinds import at_its_end, looks_like, said


@pytest.mark.parametrize(
    ("content_type", "body", "kind", "records", "missing"),
    [
        ("application/x-ndjson", b'{"a":1}\n{"a":2}\n', "lines", 2, None),
        ("application/x-ndjson", b'{"a":1}\n{"a":', "lines", 1, "inside a record"),
        ("application/x-ndjson;end=1", b'{"a":1}\n', "lines", 1, "end"),
        ("application/x-ndjson", b"[1]\n[2]\n", "lines", 2, None),
        ("application/json", b'{"a":1}\n{"a":2}\n', "lines", 2, None),
        ("application/json", b'{"a":1}', "document", 1, None),
        ("application/json", b'{"a":1}\n', "document", 1, None),
        ("application/json", b'{\n "a": [1,\n 2]\n}', "document", 1, None),
        ("application/json", b'{"a":', "document", 0, "the rest of its JSON"),
        ("application/json", b'"x"', "document", 1, None),
        ("application/json", b"[1,2]", "array", 2, None),
        ("application/json", b"[1,2", "array", 1, "the ] that closes its array"),
        ("text/plain", b"[1,2]", "array", 2, None),
        ("text/event-stream", b"data: 1\n\ndata: [DONE]\n\n", "events", 1, None),
        ("text/event-stream", b"data: 1\n\nevent: end\ndata: {}\n\n", "events", 1, None),
        ("text/event-stream", b"data: 1\n\n", "events", 1, "event: end"),
        ("text/event-stream", b"data: 1\n\ndata: 2\n", "events", 1, "the empty line"),
        ("text/plain", b": hello\n\ndata: 1\n\nevent: end\ndata: 1\n\n", "events", 1, None),
        ("application/json-seq", b"\x1e1\n\x1e2\n", "sequence", 2, None),
        ("text/csv", b'"a"\r\n1\r\n', "rows", 1, None),
        ("text/csv", b'"a"\r\n"1', "rows", 0, "the quote"),
        (
            "application/x-progressive-json;v=2",
            b'{"v":2,"id":0,"set":1}\n{"done":1}\n',
            "progressive",
            None,
            None,
        ),
        (
            "application/x-progressive-json;v=2",
            b'{"v":2,"id":0,"set":1}\n',
            "progressive",
            None,
            "its last record",
        ),
        ("text/plain", b"one\ntwo\n", "text", 0, None),
        ("image/png", b"\x89PNG", "bytes", 0, None),
        ("", b"", "bytes", 0, None),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_a_body_is_read(
    content_type: str, body: bytes, kind: str, records: int | None, missing: str | None, step: int
) -> None:
    reader = Body(content_type, 0.0)
    for start in range(0, len(body), step):
        reader.feed(body[start : start + step], 0.1)
    content = reader.finish(complete=True)
    assert content.kind == kind
    assert records is None or content.records == records
    assert (content.missing is None) == (missing is None), content.missing
    assert (missing or "") in (content.missing or "")


def test_a_problem_is_told_apart_from_an_end() -> None:
    for content_type, body in [
        ("application/x-ndjson", b'1\n{"problem":{"title":"Disk full"}'),
        ("text/event-stream", b'data: 1\n\nevent: problem\ndata: {"title":"Disk full"}\n\n'),
        ("application/problem+json", b'{"title":"Disk full"}'),
    ]:
        reader = Body(content_type, 0.0)
        reader.feed(body, 0.1)
        content = reader.finish(complete=True)
        assert content.problem is not None
        assert (content.problem.title, content.missing, content.ending) == ("Disk full", None, content.ending)


@pytest.mark.parametrize(
    ("record", "said_at"),
    [
        ({"at": "1970-01-12T13:46:40.5Z"}, 1_000_000.5),
        ({"a": {"b": "1970-01-12T13:46:41"}}, 1_000_001.0),
        ({"born": "1969-01-01T00:00:00Z", "at": 1_000_001}, 1_000_001.0),
        ({"born": "1969-01-01T00:00:00Z"}, None),
        ({"later": "1970-01-12T14:46:40Z"}, None),
        ({"n": 3, "text": "12 o'clock"}, None),
    ],
)
def test_only_a_time_of_now_is_when_a_record_was_made(record: dict[str, Any], said_at: float | None) -> None:
    reader = Body("text/event-stream", 1_000_000.0)
    reader.feed(f"data: {json.dumps(record)}\n\n".encode(), 0.25)
    found = [(stamp.at, stamp.said) for stamp in reader.finish(complete=False).stamps]
    assert found == ([] if said_at is None else [(0.25, said_at)])


def test_what_is_said_and_what_it_looks_like() -> None:
    assert said("Application/Hal+JSON; x=1") == "array"
    assert said("text/html") == "text"
    assert looks_like("array", b"  \n") is None
    assert looks_like("array", b"{" * 5000) == "document"
    assert looks_like("text", b"no line yet") is None
    assert looks_like("bytes", b"data") == "bytes"
    assert at_its_end("text", b"no line") == "text"
