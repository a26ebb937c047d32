"""Promise 13 and fault 28: what would corrupt a frame or a document never reaches the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from .checks import JSON, NDJSON, SSE, events, field_is_refused, no_line_separators, strict_json

if TYPE_CHECKING:
    from .harness import Server

FORMATS = pytest.mark.parametrize("media_type", [JSON, NDJSON, SSE])

CORRUPTING = [
    (field, text)
    for field, texts in {
        "id": ["a\nb", "a\rb", "a\r\nb", "a\0b"],
        "event": ["a\nb", "a\rb", "a\r\nb", "a\0b"],
        "retry": ["1\n2", "1\0", "-1", "soon", "1.5", "٣"],
        "comment": ["a\0b", "a\ndata: forged", "a\rb"],
    }.items()
    for text in texts
]


@FORMATS
def test_nan_is_null(server: Server, media_type: str) -> None:
    """Promise 13: NaN and the infinities."""
    assert strict_json(server, "/value/nan", media_type) == [{"v": [None, None, None]}]


@FORMATS
def test_no_raw_line_separators(server: Server, media_type: str) -> None:
    """Promise 13: U+2028, U+2029 and U+0085 are escaped, and read back."""
    reply = no_line_separators(server, "/value/separators", media_type)
    assert strict_json(server, "/value/separators", media_type) == [{"v": "a\u2028b\u2029c\u0085d"}]
    assert reply.ending == "complete"


@FORMATS
@pytest.mark.parametrize(
    ("name", "value"), [("dict", {"data": {"a": 1}, "sep": "kept"}), ("event-dict", {"a": 1})]
)
def test_a_dict_is_json(server: Server, name: str, value: object, media_type: str) -> None:
    """Promise 13: a dict is JSON, neither Python's repr nor somebody's keyword arguments."""
    assert strict_json(server, f"/value/{name}", media_type) == [value]


@FORMATS
def test_the_callers_dict_stays_as_it_was(server: Server, run: str, media_type: str) -> None:
    """Promise 13: nothing is added to the caller's dict, which may be used again at once."""
    assert strict_json(server, f"/reused-dict?run={run}", media_type) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert server.state(run)["notes"] == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_corrupting_fields_are_refused(server: Server) -> None:
    """Promise 13, fault 28: a newline or a NUL in a field is an error, before a byte is out."""
    for field, text in CORRUPTING:
        field_is_refused(server, f"/bad-field/{field}?text={quote(text)}")


def test_corrupting_fields_are_refused_later(server: Server) -> None:
    """Promise 13, fault 28: past the first event, the stream fails and the event is not on the wire."""
    for field, text in (("id", "a\nb"), ("event", "a\0b"), ("retry", "1\n2"), ("comment", "a\ndata: b")):
        reply = server.get(f"/bad-field/{field}?text={quote(text)}&later=true", accept=SSE)
        assert reply.status == 200
        found = events(reply.body)
        assert [event.get("event") for event in found] == [None, "problem"], (field, text)
        assert found[0]["data"] == "fine"


def test_corrupting_headers_are_refused(server: Server, run: str) -> None:
    """Fault 28: a newline or a NUL in a header is an error, not a header more."""
    for text in ("a\r\nset-cookie: evil=1", "a\nb", "a\rb", "a\0b"):
        reply = server.get(f"/bad-header?run={run}&text={quote(text)}")
        assert reply.header("set-cookie") is None
        assert reply.status == 500, text
        assert not server.state(run)["started"]


def test_multiline_text_stays_one_event(server: Server) -> None:
    """Fault 28: text as data is taken apart into lines, none of which is a field."""
    reply = server.get("/value/lines", accept=SSE)
    assert b"data: a\ndata: data: b\ndata: id: 7\ndata: \ndata: event: end\n\n" in reply.body
    assert reply.body.count(b"\n\n") == 3  # the opening, the event, the end


def test_end_has_the_count(server: Server, run: str) -> None:
    """The wire: a good stream of events says that it ended, and with how many; an array is just closed."""
    found = events(server.get(f"/stream/some?run={run}", accept=SSE).body)
    assert found[-1]["event"] == "end"
    assert found[-1]["id"] == "~end"
    assert json.loads(found[-1]["data"]) == {"count": 3}
    ended = server.get(f"/as/ndjson-end/some?run={run}")
    assert ended.body.endswith(b'{"end":{"count":3}}\n')
    assert ended.header("content-type") == "application/x-ndjson;end=1"
    assert server.get(f"/stream/some?run={run}", accept=JSON).body == b'[{"n":0},{"n":1},{"n":2}]'
