"""Events of restflow and ours: the same bytes, and where they are not, which."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import OrderedDict
from decimal import Decimal
from typing import Any

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from restflow.responses import streaming as peer

from tailrace import Problem, restflow
from tailrace.errors import EncodeError
from tailrace.formats import EventStream, encode
from tailrace.restflow._formats import Events

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
LONG_TEXT = "one\ntwo\r\nthree\rfour\n"


class Text(str):
    __slots__ = ()


SAME: list[tuple[str, Any, str]] = [
    ("a string", "tick", "data: tick\n\n"),
    ("no text", "", "data: \n\n"),
    ("a kind of string", Text("tick"), "data: tick\n\n"),
    ("a safe string", mark_safe("<b>"), "data: <b>\n\n"),
    ("text with line ends", LONG_TEXT, "data: one\ndata: two\ndata: three\ndata: four\ndata: \n\n"),
    ("an LF alone", "\n", "data: \ndata: \n\n"),
    ("a CR before CRLF", "a\r\r\nb", "data: a\ndata: \ndata: b\n\n"),
    ("a line separator", "a\u2028b", "data: a\u2028b\n\n"),
    ("what begins with a space", " a", "data:  a\n\n"),
    ("text that is not ASCII", "é 漢 😀", "data: é 漢 😀\n\n"),
    ("a NUL in data", "a\0b", "data: a\0b\n\n"),
    ("the event only", {"event": "start"}, "event: start\n\n"),
    ("nothing", {}, "\n\n"),
    ("a name that no event has", {"type": "start", "data": "a"}, "data: a\n\n"),
    ("data that is text", {"data": "job-42"}, "data: job-42\n\n"),
    ("data that is null", {"data": None}, "data: null\n\n"),
    ("data that is an object", {"data": {"pct": 50}}, 'data: {"pct": 50}\n\n'),
    ("data that is a list", {"data": [1, "a", None]}, 'data: [1, "a", null]\n\n'),
    ("data that is a number", {"data": 0}, "data: 0\n\n"),
    ("data that is false", {"data": False}, "data: false\n\n"),
    ("line ends within JSON", {"data": {"a": "x\ny\u2028"}}, 'data: {"a": "x\\ny\\u2028"}\n\n'),
    ("JSON that is not ASCII", {"data": {"é": "é"}}, 'data: {"\\u00e9": "\\u00e9"}\n\n'),
    (
        "a decimal and an id",
        {"data": {"total": Decimal("1.10"), "id": UUID}},
        f'data: {{"total": "1.10", "id": "{UUID}"}}\n\n',
    ),
    ("a lazy text", {"data": gettext_lazy("Hello")}, 'data: "Hello"\n\n'),
    (
        "all fields, in another order",
        {"data": "d", "retry": 2000, "event": "e", "id": "7"},
        "id: 7\nevent: e\nretry: 2000\ndata: d\n\n",
    ),
    ("an id that is a number", {"id": 7, "data": "a"}, "id: 7\ndata: a\n\n"),
    ("an id that is 0", {"id": 0, "data": "a"}, "id: 0\ndata: a\n\n"),
    ("an id without text", {"id": "", "data": "a"}, "id: \ndata: a\n\n"),
    ("an id that is a UUID", {"id": UUID}, f"id: {UUID}\n\n"),
    ("another mapping", OrderedDict(event="e", data="d"), "event: e\ndata: d\n\n"),
]


@pytest.mark.seed("R12")
@pytest.mark.seed("R13")
@pytest.mark.seed("R14")
@pytest.mark.seed("R15")
@pytest.mark.seed("R19")
@pytest.mark.parametrize(
    ("event", "frame"), [pytest.param(event, frame, id=name) for name, event, frame in SAME]
)
def test_the_same_frame(event: Any, frame: str) -> None:
    assert restflow.format_sse(event) == peer.format_sse(event) == frame
    assert encode(Events(), [event, event]) == 2 * frame.encode()


@pytest.mark.seed("R16")
@pytest.mark.parametrize("name", ["id", "event", "retry"])
@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\r\n", dt.timezone(dt.timedelta(), "a\nb")])
def test_the_same_error(name: str, value: Any) -> None:
    expected = (
        f"SSE event field {name!r} must not contain CR or LF characters. "
        "Strip newlines before passing the value."
    )
    for module in (peer, restflow):
        with pytest.raises(ValueError, match="CR or LF") as raised:
            module.format_sse({name: value, "data": "a"})
        assert str(raised.value) == expected
        with pytest.raises(ValueError, match="CR or LF") as raised:
            module.reject_control_chars(name, value)
        assert str(raised.value) == expected


@pytest.mark.seed("R16")
@pytest.mark.parametrize("value", ["a", "", 7, None, 1.5, UUID, "é", "a\tb"])
def test_the_same_text(value: Any) -> None:
    assert restflow.reject_control_chars("id", value) == peer.reject_control_chars("id", value)


# Where restflow's frame is none, or says what nobody meant.


@pytest.mark.seed("R13")
def test_none_is_no_text() -> None:
    event = {"id": None, "event": None, "retry": None, "data": "a"}
    assert peer.format_sse(event) == "id: None\nevent: None\nretry: None\ndata: a\n\n"
    assert restflow.format_sse(event) == "data: a\n\n"


@pytest.mark.seed("R16")
@pytest.mark.parametrize("name", ["id", "event", "retry"])
def test_a_nul_is_refused(name: str) -> None:
    """A browser ignores an id with one, and so would come back without it (WHATWG HTML 9.2.6)."""
    assert peer.format_sse({name: "a\0"}) == f"{name}: a\0\n\n"
    with pytest.raises(ValueError, match=f"SSE event field '{name}' must not contain NUL characters."):
        restflow.format_sse({name: "a\0"})


@pytest.mark.seed("R14")
def test_what_json_does_not_have_is_null() -> None:
    event = {"data": [float("nan"), float("inf"), "NaN"]}
    assert peer.format_sse(event) == 'data: [NaN, Infinity, "NaN"]\n\n'
    assert restflow.format_sse(event) == 'data: [null, null, "NaN"]\n\n'


@pytest.mark.seed("R12")
@pytest.mark.parametrize("item", [5, None, ["data"], b"tick", object()])
def test_what_is_no_event_is_named(item: Any) -> None:
    with pytest.raises(TypeError):
        peer.format_sse(item)
    with pytest.raises(TypeError, match=f"a str or a dict .* got {type(item).__name__}"):
        restflow.format_sse(item)


@pytest.mark.seed("R12")
def test_a_reader_has_them_back() -> None:
    items = ["tick", {"event": "progress", "id": "10", "data": {"pct": 10}}, {"data": "two\nlines"}]
    events = EventStream().decoder().feed(encode(Events(), items))
    assert [(event.event, event.id, event.data) for event in events] == [
        (None, "", "tick"),
        ("progress", "10", '{"pct": 10}'),
        (None, "10", "two\nlines"),
    ]


# What the engine adds


@pytest.mark.seed("R21")
def test_a_failure_is_an_event_without_an_end() -> None:
    """Who dispatches what is complete, as a browser does, sees no event; who looks at the end sees that it is none."""
    body = encode(Events(), ["tick"], problem=Problem(title="Gone", status=410))
    assert body == b'data: tick\n\nevent: problem\ndata: {"title":"Gone","status":410}\n'
    decoder = EventStream().decoder()
    assert [event.data for event in decoder.feed(body)] == ["tick"]
    assert decoder.inside


@pytest.mark.seed("R17")
def test_an_end_is_none() -> None:
    """The application's ids are the only ones."""
    encoder = Events().encoder()
    assert encoder.opening + encoder.end(3) == b""
    assert encoder.terminal_id is None


def test_what_is_no_event() -> None:
    encoder = Events().encoder()
    assert encoder.keep_alive == b":\n\n"
    assert (encoder.leave(), encoder.leave(700)) == (b"", b"retry: 700\n\n")


@pytest.mark.seed("R16")
def test_the_field_is_to_blame_and_not_what_is_beside_it() -> None:
    with pytest.raises(EncodeError) as raised:
        encode(Events(), ["tick", {"id": "1\n2", "data": 5}])
    assert str(raised.value) == (
        "record 1: SSE event field 'id' must not contain CR or LF characters. "
        "Strip newlines before passing the value."
    )
