"""Readers of tailrace, and servers that never heard of it: FastAPI's own streams, and sse-starlette's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tailrace import Event
from tailrace.errors import DecodeError, Truncated
from tests.client_peers.foreign import COUNT, create_app, row
from tests.client_peers.reading import SHELLS, read
from tests.examples.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = [row(number) for number in range(COUNT)]
IDS = [str(number) for number in range(COUNT)]

pytestmark = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture(scope="module", params=[False, True], ids=["bare", "middleware"])
def middleware(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def url(*, middleware: bool) -> Iterator[str]:
    with serving(create_app(middleware=middleware)) as address:
        yield address


def test_events_of_fastapi(url: str, shell: str) -> None:
    """They have no end of their own: the reader comes back behind the last, and 204 says that it was."""
    seen = read(shell, f"{url}/fastapi/events")
    assert (seen.items, seen.ids, seen.error, seen.complete) == (ROWS, IDS, None, True)
    assert [news.reason for news in seen.lost] == ["the body ended"]
    assert 0.01 <= seen.lost[0].delay <= 0.2


def test_events_of_fastapi_that_break(url: str, shell: str) -> None:
    """Each of them once, over as many connections as it takes."""
    seen = read(shell, f"{url}/fastapi/breaking")
    assert (seen.items, seen.ids, seen.error) == (ROWS, IDS, None)
    assert len(seen.lost) >= COUNT / 2


def test_text_in_events_of_fastapi(url: str, shell: str) -> None:
    seen = read(shell, f"{url}/fastapi/texts", Event)
    assert [(event.data, event.event, event.id) for event in seen.items] == [
        ("two\nlines", "text", str(COUNT - 1))
    ]
    seen = read(shell, f"{url}/fastapi/texts")
    assert isinstance(seen.error, DecodeError)
    assert "type=Event" in str(seen.error)


def test_lines_of_fastapi(url: str, shell: str) -> None:
    seen = read(shell, f"{url}/fastapi/lines")
    assert (seen.items, seen.error, seen.complete) == (ROWS, None, True)


def test_lines_of_fastapi_that_fail(url: str, shell: str, *, middleware: bool) -> None:
    """Behind the middleware they end as all do: whoever writes lines by hand gives no reader a chance."""
    seen = read(shell, f"{url}/fastapi/lines?fails_after=3")
    assert seen.items == ROWS[:3]
    assert seen.complete == middleware
    assert isinstance(seen.error, Truncated) == (not middleware)


def test_events_of_sse_starlette(url: str, shell: str) -> None:
    """Three to a connection, with a space behind the colon, CRLF for a line end, and pings."""
    seen = read(shell, f"{url}/sse-starlette", Event)
    assert [event.data for event in seen.items] == [f"row {number}\nof many" for number in range(COUNT)]
    assert {event.event for event in seen.items} == {"row"}
    assert (seen.ids, seen.error, seen.complete) == (IDS, None, True)
    assert len(seen.lost) == 2
