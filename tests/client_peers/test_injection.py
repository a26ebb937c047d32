"""Fault 28 on the reader's side: nothing that is said in a field can become another field, or another request."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tailrace.client import Resume
from tailrace.errors import DecodeError
from tests.client_peers.raw import Answer, answering
from tests.client_peers.reading import SHELLS, read

pytestmark = [pytest.mark.seed("28"), pytest.mark.parametrize("shell", SHELLS)]

TWICE = Resume(delay=0.01, ceiling=0.01, attempts=3)
INJECTED = ["1\r\nX: y", "1\nX: y", "1\rX: y", "1\0", "\n", "1\r\n\r\nGET /other HTTP/1.1\r\n\r\n"]
FIELDS: dict[str, dict[str, Any]] = {
    "a header": {"headers": {"X-Tenant": "1\r\nX: y"}},
    "a header with LF": {"headers": {"X-Tenant": "1\nX: y"}},
    "a header with NUL": {"headers": {"X-Tenant": "1\0"}},
    "a header's name": {"headers": {"X-Tenant\r\nX": "y"}},
    "what a function gives": {"headers": lambda: {"X-Tenant": "1\r\nX: y"}},
    "a last event id of the user's own": {"headers": {"Last-Event-ID": "1\r\nX: y"}},
    "a method": {"method": "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"},
}


@pytest.mark.parametrize("last_event_id", INJECTED)
def test_a_last_event_id_is_refused(shell: str, last_event_id: str) -> None:
    """Before anybody is asked; `read` would keep whatever is raised while it reads."""
    with (
        answering(lambda answer: answer.begin("text/event-stream")) as server,
        pytest.raises(ValueError, match=r"last.event.id"),
    ):
        read(shell, server.url, last_event_id=last_event_id)
    assert server.connections == 0


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_refused(shell: str, name: str) -> None:
    with answering(lambda answer: answer.begin("application/x-ndjson", "Content-Length: 0")) as server:
        seen = read(shell, server.url, resume=TWICE, **FIELDS[name])
    assert isinstance(seen.error, httpx2.LocalProtocolError | ValueError)
    assert server.heads == []
    assert not seen.lost


@pytest.mark.parametrize("place", ["path\r\nX: y", "?q=1\r\nX: y"])
def test_a_url_is_refused(shell: str, place: str) -> None:
    with pytest.raises(ValueError, match="non-printable"):
        read(shell, "http://127.0.0.1:1/" + place)


def test_a_parameter_is_escaped(shell: str) -> None:
    with answering(lambda answer: answer.begin("application/x-ndjson", "Content-Length: 0")) as server:
        seen = read(shell, server.url, params={"p": "1\r\nX: y"})
    assert seen.error is None
    (head,) = server.heads
    assert b"\r\nX: y" not in head


SENT_BACK = {
    b"1": b"1",
    b"a\rX: y": b"a",  # a bare CR ends the line, and X is no field of an event
    b" a": b"a",
    "é€\u2028😀".encode(): "é€\u2028😀".encode(),
    b"\xff": "\ufffd".encode(),
    b'a: b, c; d="e"': b'a: b, c; d="e"',
    b"x" * 8192: b"x" * 8192,
}
NO_ID = [b"a\0b", b""]
"""The first is to be ignored, the second means none (WHATWG HTML 9.2.6)."""
NOT_SENT_BACK = [b"a\x0bb", b"a\x7fb", b"\x01"]
"""A field has no place for these (RFC 9110 5.5)."""


def asked_twice(shell: str, id_: bytes) -> tuple[Any, list[bytes]]:
    """What came of an event with this id, behind which the reader comes back, and the fields of its second request."""

    def answer(answer: Answer) -> None:
        if len(server.heads) > 1:
            answer.begin("text/plain", status="204 No Content")
            return
        answer.begin("text/event-stream")
        answer.send(b"id: %b\ndata: 1\n\n" % id_)

    with answering(answer) as server:
        seen = read(shell, server.url, resume=TWICE)
    heads = [head.split(b"\r\n") for head in server.heads]
    assert len(heads) < 3
    return seen, [line for line in heads[-1] if line not in heads[0]] if len(heads) > 1 else []


@pytest.mark.parametrize("id_", SENT_BACK)
def test_the_id_of_an_event_is_one_field(shell: str, id_: bytes) -> None:
    seen, more = asked_twice(shell, id_)
    assert more == [b"Last-Event-ID: " + SENT_BACK[id_]]
    assert (seen.items, seen.error, seen.complete) == ([1], None, True)


@pytest.mark.parametrize("id_", NO_ID)
def test_no_id_is_no_field(shell: str, id_: bytes) -> None:
    seen, more = asked_twice(shell, id_)
    assert more == []
    assert (seen.items, seen.error) == ([1], None)


@pytest.mark.parametrize("id_", NOT_SENT_BACK)
def test_an_id_that_no_field_can_hold_is_the_servers_fault(shell: str, id_: bytes) -> None:
    seen, more = asked_twice(shell, id_)
    assert more == []
    assert seen.items == [1]
    assert isinstance(seen.error, DecodeError)
    assert "last event id" in str(seen.error)
