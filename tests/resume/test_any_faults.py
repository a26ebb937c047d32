"""Whatever happens to its connections, and in whichever order: a reader has each event once, and then the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace import Event, EventStream
from tailrace.asgi import Stream
from tailrace.client import Closed, Reconnecting, Resume, connect, sync
from tailrace.errors import Truncated
from tailrace.testing import Answer, ASGITransport, Clock, Faults, WSGITransport, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tailrace.client import News

COUNT = 12
LONGEST = 300
"""Bytes in which a body of all events may be cut: it has some more."""

PLACES = st.integers(0, LONGEST)
FAULTS = st.one_of(
    st.just(Faults(refuse=True)),
    st.sampled_from([408, 425, 429, 500, 502, 503]).map(lambda status: Faults(answer=Answer(status))),
    st.integers(0, 200).map(lambda n: Faults(answer=Answer(503, {"Retry-After": str(n)}))),
    st.builds(
        Faults,
        cut_after=PLACES,
        cut_as=st.sampled_from(["reset", "incomplete", "end"]),
        piece=st.sampled_from([None, 1, 7]),
    ),
    st.builds(Faults, stall_after=PLACES, piece=st.sampled_from([None, 1])),
)


async def events(begin: int) -> AsyncIterator[Any]:
    for number in range(begin, COUNT):
        if number % 3 == 1:
            yield Event(comment="a pause")
        yield Event({"n": number}, id=str(number), retry=number * 100 if number % 5 == 2 else None)


async def app(scope: Any, receive: Any, send: Any) -> None:
    fields = dict(scope["headers"])
    cursor = fields.get(b"last-event-id")
    begin = 0 if cursor is None else int(cursor) + 1
    await Stream(events(begin), formats=[EventStream()])(scope, receive, send)


def wsgi(environ: Any, start_response: Any) -> Iterator[bytes]:
    """The same without an event loop."""
    cursor = environ.get("HTTP_LAST_EVENT_ID")
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    for number in range(0 if cursor is None else int(cursor) + 1, COUNT):
        yield b': a pause\n\nid: %d\nretry: %d\ndata: {"n":%d}\n\n' % (number, number * 20, number)
    yield b"event: end\nid: ~end\ndata: {}\n\n"


async def read(faults: list[Faults]) -> tuple[list[int], list[News]]:
    news: list[News] = []
    transport = ASGITransport(app, faults=faults)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        stream = connect("/events", client=client, resume=Resume(attempts=None), on_news=news.append)
        seen = [item["n"] async for item in stream]
    assert stream.complete
    return seen, news


def read_without_a_loop(faults: list[Faults]) -> tuple[list[int], list[News]]:
    news: list[News] = []
    clock = Clock()
    transport = WSGITransport(wsgi, faults=faults, clock=clock)
    with httpx2.Client(transport=transport, base_url="http://test") as client:
        stream = sync.connect("/events", client=client, resume=Resume(attempts=None), on_news=news.append)
        stream.clock = clock
        seen = [item["n"] for item in stream]
    assert stream.complete
    return seen, news


def check(faults: list[Faults], seen: list[int], news: list[News]) -> None:
    assert seen == list(range(COUNT))
    assert sum(isinstance(one, Reconnecting) for one in news) <= len(faults)
    assert news[-1] == Closed()


@given(st.lists(FAULTS, max_size=8))
def test_each_event_comes_once(faults: list[Faults]) -> None:
    check(faults, *run(read(faults)))


@given(st.lists(FAULTS, max_size=8))
def test_each_event_comes_once_without_a_loop(faults: list[Faults]) -> None:
    check(faults, *read_without_a_loop(faults))


@given(PLACES, st.sampled_from(["reset", "incomplete", "end"]))
def test_without_coming_back_the_rest_is_missed(place: int, how: Any) -> None:
    """The control: it is the coming back that makes it whole."""

    seen: list[int] = []

    async def once() -> None:
        transport = ASGITransport(app, faults=[Faults(cut_after=place, cut_as=how)])
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            async for item in connect("/events", client=client, resume=False):
                seen.append(item["n"])  # noqa: PERF401 - a comprehension would lose them

    with pytest.raises(Truncated):
        run(once())
    assert seen == list(range(len(seen)))
    assert len(seen) < COUNT
