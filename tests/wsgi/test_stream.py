"""`tailrace.wsgi.Stream` as a server calls it: one thread, start_response, an iterator, close."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from errno import EPIPE
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import NDJSON, Abort, Delivery, Event, EventStream, Outcome, Problem
from tailrace._ferry import process_loop, run
from tailrace.wsgi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

WITHIN = 5.0


class Call:
    """One request, its response taken run by run."""

    def __init__(self, app: Stream[Any], **environ: Any) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body = iter(app({"REQUEST_METHOD": "GET", "HTTP_ACCEPT": "*/*"} | environ, self._start))

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)

    def read(self) -> bytes:
        return b"".join(self.body)

    def close(self) -> None:
        close: Callable[[], None] | None = getattr(self.body, "close", None)
        if close is not None:
            close()


@pytest.fixture
def ends() -> list[Outcome]:
    return []


def eventually(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.001)


def two() -> Iterator[int]:
    yield 1
    yield 2


async def two_later() -> AsyncIterator[int]:
    yield 1
    await asyncio.sleep(0)
    yield 2


@pytest.mark.parametrize("source", [two, two_later], ids=["sync", "async"])
def test_a_whole_stream(source: Callable[[], Any], ends: list[Outcome]) -> None:
    call = Call(Stream(source(), on_finish=ends.append))
    assert (call.status, call.headers["Content-Type"]) == ("200 OK", "application/json")
    assert call.headers["X-Accel-Buffering"] == "no"
    assert call.read() == b"[1,2]"
    call.close()
    assert [(end.reason, end.items, end.bytes) for end in ends] == [("complete", 2, 5)]


def test_each_item_is_there_before_the_next_is_made() -> None:
    taken = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert taken.wait(WITHIN)
        yield 2

    call = Call(Stream(items(), formats=[NDJSON()]))
    first = next(call.body)
    while first != b"1\n":
        first += next(call.body)
    taken.set()
    assert call.read() == b"2\n"


def test_the_headers_go_out_before_an_item_that_comes_late() -> None:
    asked = threading.Event()

    async def items() -> AsyncIterator[int]:
        await asyncio.to_thread(asked.wait, WITHIN)
        yield 1

    call = Call(Stream(items(), formats=[NDJSON()], delivery=Delivery(commit_after=0)))
    assert (call.status, next(call.body)) == ("200 OK", b"")
    asked.set()
    assert call.read() == b"1\n"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Abort(Problem(title="Gone", status=410)), "410 Gone"),
        (ValueError("x"), "500 Internal Server Error"),
    ],
    ids=["abort", "other"],
)
def test_an_error_before_the_first_item_is_the_response(
    error: Exception, status: str, ends: list[Outcome]
) -> None:
    def items() -> Iterator[int]:
        raise error
        yield

    call = Call(Stream(items(), on_finish=ends.append))
    assert call.status == status
    assert call.headers["Content-Type"] == "application/problem+json"
    body = call.read()
    assert call.headers["Content-Length"] == str(len(body))
    assert [(end.reason, end.error) for end in ends] == [("failed", error)]


def test_a_later_error_ends_the_transfer_as_a_departed_client_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("x")

    call = Call(Stream(items(), formats=[NDJSON()]))
    parts: list[bytes] = []
    with pytest.raises(BrokenPipeError) as ended:
        parts.extend(call.body)
    body = b"".join(parts)
    assert ended.value.errno == EPIPE
    assert body.startswith(b'1\n{"problem":{"title":"Internal Server Error"')
    assert not body.endswith(b"\n")


def test_a_server_that_completes_what_has_failed_is_not_told_of_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("x")

    call = Call(Stream(items(), formats=[NDJSON()]), SERVER_SOFTWARE="Granian")
    assert call.read().startswith(b'1\n{"problem"')


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"HTTP_ACCEPT": "image/png"}, "406 Not Acceptable"),
        ({"HTTP_ACCEPT": "a/b;q=x"}, "400 Bad Request"),
        ({"REQUEST_METHOD": "HEAD"}, "200 OK"),
        ({"HTTP_ACCEPT": "text/event-stream", "HTTP_LAST_EVENT_ID": "end"}, "204 No Content"),
    ],
    ids=["406", "400", "head", "204"],
)
def test_what_needs_no_source_does_not_start_it(
    environ: dict[str, str], status: str, ends: list[Outcome]
) -> None:
    started: list[bool] = []

    def items() -> Iterator[int]:
        started.append(True)
        yield 1

    if "HTTP_LAST_EVENT_ID" in environ:
        terminal = EventStream().encoder().terminal_id
        assert terminal is not None
        environ = environ | {"HTTP_LAST_EVENT_ID": terminal}
    call = Call(Stream(items(), on_finish=ends.append), **environ)
    call.read()
    assert (call.status, started) == (status, [])
    assert [end.reason for end in ends] == ["head" if "REQUEST_METHOD" in environ else "not_started"]


def test_a_client_that_leaves_closes_the_source_and_its_awaits_finish(ends: list[Outcome]) -> None:
    closed: list[str] = []

    async def items() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(WITHIN)
        finally:
            closed.append("entered")
            await asyncio.sleep(0.01)
            closed.append("left")

    call = Call(Stream(items(), formats=[NDJSON()], on_finish=ends.append))
    next(call.body)
    call.close()
    assert closed == ["entered", "left"]
    assert [end.reason for end in ends] == ["disconnected"]


def test_a_sync_source_is_closed_in_its_own_thread() -> None:
    threads: list[str] = []

    def items() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            threads.append(threading.current_thread().name)

    call = Call(Stream(items(), formats=[NDJSON()]))
    call.read()
    call.close()
    assert threads == ["tailrace-source"]
    eventually(lambda: "tailrace-source" not in {thread.name for thread in threading.enumerate()})


def test_a_server_that_does_not_ask_again_has_its_source_closed_and_its_socket_shut(
    ends: list[Outcome],
) -> None:
    class Socket:
        shut = threading.Event()

        def shutdown(self, how: int) -> None:
            del how
            self.shut.set()

    async def items() -> AsyncIterator[int]:
        while True:
            yield 1
            await asyncio.sleep(0.001)

    app = Stream(items(), formats=[NDJSON()], delivery=Delivery(send_timeout=0.05), on_finish=ends.append)
    call = Call(app, **{"gunicorn.socket": Socket()})
    next(call.body)
    assert Socket.shut.wait(WITHIN)  # the thread that writes to it is free again
    call.close()
    assert [end.reason for end in ends] == ["send_timeout"]
    assert ends[0].stalled >= 0.1


def test_an_idle_stream_is_kept_alive() -> None:
    async def items() -> AsyncIterator[Event]:
        yield Event(data="1")
        await asyncio.sleep(WITHIN)

    app = Stream(items(), formats=[EventStream()], delivery=Delivery(keep_alive=0.01))
    call = Call(app)
    body = b""
    while body.count(b":\n\n") < 3:
        body += next(call.body)
    call.close()


def test_a_response_that_is_dropped_on_its_way_out_is_closed(ends: list[Outcome]) -> None:
    async def items() -> AsyncIterator[int]:
        while True:
            yield 1
            await asyncio.sleep(0.001)

    call = Call(Stream(items(), on_finish=ends.append))
    assert call.status == "200 OK"
    del call
    gc.collect()
    eventually(lambda: ends)
    assert ends[0].reason == "disconnected"


def test_all_streams_of_a_process_share_a_loop_and_leave_nothing_in_it() -> None:
    def tasks() -> int:
        counted: list[int] = []

        async def count() -> None:
            counted.append(len(asyncio.all_tasks()) - 1)

        run(count)
        return counted[0]

    calls = [Call(Stream(two_later())) for _ in range(20)]
    assert tasks() >= 20
    assert [call.read() for call in calls] == [b"[1,2]"] * 20
    for call in calls:
        call.close()
    eventually(lambda: tasks() == 0)
    assert process_loop().is_running()
    assert [thread.name for thread in threading.enumerate()].count("tailrace-loop") == 1
