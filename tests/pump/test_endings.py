"""However a stream ends, the reader knows, the caller knows, and nothing stays behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import NDJSON, Abort, Delivery, Problem
from tailrace.asgi import Stream

from .client import SCOPE, Exchange, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Thing:
    """What a weak reference may refer to."""


def lines(content: Any, **options: Any) -> Exchange:
    return asyncio.run(Exchange().run(content, formats=[NDJSON()], **options))


def test_the_first_items_time_is_known() -> None:
    (outcome,) = lines([1, 2]).outcomes
    assert outcome.items == 2
    assert outcome.first_item is not None


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_a_thread_may_be_told_to_end(error: BaseException) -> None:
    def source() -> Iterator[int]:
        yield 1
        raise error

    exchange = lines(source())
    assert exchange.reason == "failed"
    assert exchange.body.startswith(b'1\n{"problem":{"title":"Internal Server Error"')


def test_no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class Source:
        def __iter__(self) -> Source:
            return self

        def __next__(self) -> int:
            raise AssertionError

        def close(self) -> None:
            closed.append(True)

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    exchange = lines(Source())
    assert exchange.messages[0]["status"] == 500
    assert closed == [True]


@pytest.mark.parametrize("before", [0, 2])
def test_a_problem_that_cannot_be_written_is_masked(before: int) -> None:
    async def source() -> AsyncIterator[int]:
        for number in range(before):
            yield number
        raise Abort(Problem(title="T", extensions={"x": object()}))

    exchange = lines(source())
    assert exchange.reason == "failed"
    assert b'"title":"Internal Server Error"' in exchange.body
    assert exchange.body.count(b"\n") == before


@pytest.mark.parametrize("problem", ["no such day", Problem(title="T", status=200)])
def test_an_abort_takes_a_problem(problem: Any) -> None:
    with pytest.raises(TypeError, match="expected a Problem with a status from 400"):
        Abort(problem)


def test_a_sync_source_is_not_asked_again() -> None:
    asked: list[int] = []

    def source() -> Iterator[str]:
        while True:
            asked.append(1)
            yield "x" * 100_000

    async def main() -> tuple[int, int]:
        held = asyncio.Event()

        async def send(message: Any) -> None:
            if message.get("body"):
                held.set()
                await asyncio.sleep(60)

        exchange = Exchange(send)
        task = asyncio.create_task(exchange.run(source(), formats=[NDJSON()]))
        await held.wait()
        before = -1
        while before != len(asked):  # until it is held for want of room
            before = len(asked)
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        return before, len(asked)

    before, after = asyncio.run(main())
    assert after == before


def test_a_source_that_was_not_started_is_closed_in_time(caplog: pytest.LogCaptureFixture) -> None:
    class Source:
        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> int:
            raise AssertionError

        async def aclose(self) -> None:
            await asyncio.sleep(60)

    async def head() -> Exchange:
        exchange = Exchange()
        stream = Stream(Source(), delivery=Delivery(cleanup_timeout=0.05), on_finish=exchange.outcomes.append)
        async with asyncio.timeout(5):
            await stream(SCOPE | {"method": "HEAD"}, exchange.receive, exchange.send)
        return exchange

    assert asyncio.run(head()).reason == "head"
    assert "still closing after 0.05 s" in caplog.text


def test_the_longest_duration_counts_from_the_start() -> None:
    async def source() -> AsyncIterator[int]:
        await asyncio.sleep(60)
        yield 1

    exchange = lines(source(), delivery=Delivery(commit_after=30, max_duration=0.05))
    assert exchange.reason == "max_duration"
    assert exchange.messages[0]["status"] == 503


def test_a_generator_is_answered_once() -> None:
    async def main() -> bytes:
        exchange = Exchange()
        stream = Stream(number for number in [1])
        await stream(dict(SCOPE), exchange.receive, exchange.send)
        with pytest.raises(TypeError, match="make a new one for each response"):
            await stream(dict(SCOPE), Exchange().receive, exchange.send)
        return exchange.body

    assert asyncio.run(main()) == b"[1]"


@pytest.mark.parametrize("end", ["complete", "failed", "disconnected"])
def test_nothing_waits_for_the_garbage_collector(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is logged stays with pytest, and the error in it with all its frames.
    monkeypatch.setattr(logging.getLogger("tailrace"), "disabled", True)

    async def source(thing: Thing) -> AsyncIterator[int]:
        yield id(thing)
        await asyncio.sleep(0.01)
        if end == "failed":
            raise ValueError(end)
        if end == "disconnected":
            await asyncio.sleep(60)

    async def main() -> weakref.ref[Thing]:
        thing = Thing()
        reference = weakref.ref(thing)
        exchange = Exchange()
        content = source(thing)
        del thing
        task = asyncio.create_task(exchange.run(content))
        del content
        await until(lambda: bool(exchange.messages))
        if end == "disconnected":
            exchange.left.set()
        await task
        assert exchange.reason == end
        exchange.outcomes.clear()
        del task
        await asyncio.sleep(0)
        return reference

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(main())() is None
    finally:
        gc.enable()
