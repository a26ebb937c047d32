"""What a WSGI application does wrong looks to its reader as it does on a server."""

from __future__ import annotations

import sys
from typing import Any

import httpx2
import pytest

from tailrace.testing import fetch
from tests.testing.wsgi import Content, client_of, gives, got


def failing_late(*, write: bool) -> Any:
    """An application that turns its failure into a page, if it still can."""

    def app(_environ: Any, start_response: Any) -> Any:
        try:
            written = start_response("200 OK", [("x-page", "good")])
            if write:
                written(b"x")
            raise LookupError("late")  # noqa: TRY301 - what fails late
        except LookupError:
            start_response("500 Oh", [("x-page", "error")], sys.exc_info())
            return [b"sorry"]

    return app


def test_an_error_replaces_the_headers_before_they_are_out() -> None:
    received = got(failing_late(write=False))
    assert (received.status, received.headers["x-page"], received.content) == (500, "error", b"sorry")


def test_an_error_is_raised_once_the_headers_are_out() -> None:
    received = got(failing_late(write=True))
    assert (received.status, received.headers["x-page"], received.content) == (200, "good", b"x")
    assert isinstance(received.error, httpx2.RemoteProtocolError)
    assert isinstance(received.error.__cause__, LookupError)


def raises(_environ: Any, _start_response: Any) -> Any:
    raise LookupError("early")


def calls_twice(_environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    start_response("200 OK", [])


@pytest.mark.parametrize(
    ("app", "error", "message"),
    [
        (raises, LookupError, "early"),
        (calls_twice, RuntimeError, "was called again"),
        (lambda *_: [], RuntimeError, "has not called start_response"),
        (lambda *_: [b"x"], RuntimeError, "before it called start_response"),
        (gives(["text"]), TypeError, "gave str, expected bytes"),
        (gives(Content(LookupError("first"))), LookupError, "first"),
    ],
)
def test_an_error_before_the_first_bytes_is_the_callers_or_a_500(app: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        got(app)
    assert (
        got(gives(Content(LookupError())) if "first" in message else app, raise_app_exceptions=False).status
        == 500
    )


def test_the_content_is_closed_where_it_fails_at_once() -> None:
    content = Content(LookupError("first"))
    client = client_of(gives(content))
    with pytest.raises(LookupError):
        fetch(client, "/")
    assert content.events[-1] == "close"


@pytest.mark.parametrize(
    ("content", "headers", "pieces", "how"),
    [
        (Content(b"a", LookupError()), (), (b"a",), "incomplete chunked read"),
        (Content(b"a"), (("Content-Length", "3"),), (b"a",), "received 1 bytes, expected 3"),
        (Content(b"abc", b"d"), (("Content-Length", "2"),), (b"ab",), None),
        (Content(b"abc", LookupError()), (("Content-Length", "3"),), (b"abc",), None),
    ],
    ids=["raises", "short", "long", "raises behind its length"],
)
def test_a_failure_behind_the_first_bytes_is_a_cut_transfer(
    content: Content, headers: Any, pieces: Any, how: str | None
) -> None:
    received = got(gives(content, *headers))
    assert received.pieces == pieces
    assert content.events[-1] == "close"
    if how is None:
        assert received.error is None
    else:
        assert f"({how})" in str(received.error)


def test_a_close_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Closing(Content):
        def close(self) -> None:
            raise LookupError("closing")

    assert got(gives(Closing(b"a"))).content == b"a"
    assert "close() raised" in caplog.text
