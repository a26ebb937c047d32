"""Whoever is cancelled, and however often: the source's `finally` comes first, then `on_finish`, once."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tailrace import Delivery
from tailrace.asgi import Stream

from .client import SCOPE, Exchange, Message, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


class Thorough:
    """A source that takes its time to clean up."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    async def items(self) -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.001)
        finally:
            await asyncio.sleep(0.02)
            self.steps.append("cleaned up")

    def finish(self, _: Any) -> None:
        self.steps.append("finished")


def cancel_thrice(task: asyncio.Task[Any], _: anyio.CancelScope) -> None:
    loop = asyncio.get_running_loop()
    for delay in (0, 0.005, 0.01):
        loop.call_later(delay, task.cancel)


def cancel_by_scope(_: asyncio.Task[Any], scope: anyio.CancelScope) -> None:
    scope.cancel()


@pytest.mark.parametrize("departs", [False, True], ids=["there", "gone"])
@pytest.mark.parametrize("cancel", [cancel_thrice, cancel_by_scope])
def test_the_cleanup_is_awaited(
    cancel: Callable[[asyncio.Task[Any], anyio.CancelScope], None],
    departs: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    async def main() -> list[str]:
        source, exchange, scope = Thorough(), Exchange(), anyio.CancelScope()
        stream = Stream(source.items(), on_finish=source.finish)

        async def serve() -> None:
            with scope:
                await stream(dict(SCOPE), exchange.receive, exchange.send)
            source.steps.append("returned")

        task = asyncio.create_task(serve())
        await until(lambda: bool(exchange.body))
        if departs:
            exchange.left.set()
            await asyncio.sleep(0.005)
        cancel(task, scope)
        await asyncio.wait([task])
        assert task.cancelled() == (cancel is cancel_thrice)
        return source.steps

    steps = asyncio.run(main())
    assert steps[:2] == ["cleaned up", "finished"]


def test_a_slow_on_finish_is_left_in_time(caplog: pytest.LogCaptureFixture) -> None:
    async def report(_: Any) -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        exchange = Exchange()
        async with asyncio.timeout(5):
            stream = Stream([1], on_finish=report, delivery=Delivery(cleanup_timeout=0.05))
            await stream(dict(SCOPE), exchange.receive, exchange.send)

    asyncio.run(main())
    assert "on_finish of the source list had not ended after 0.05 s" in caplog.text


def test_a_source_that_awaits_what_was_cancelled_has_failed() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    async def main() -> Exchange:
        return await Exchange().run(source())

    exchange = asyncio.run(main())
    (outcome,) = exchange.outcomes
    assert (outcome.reason, type(outcome.error)) == ("failed", RuntimeError)
    assert isinstance(outcome.error.__cause__, asyncio.CancelledError)


@pytest.mark.parametrize("rapid", [False, True])
def test_a_source_that_swallows_its_cancellation_is_stopped(rapid: bool) -> None:  # noqa: FBT001 - a test's parameter
    """At its next item, or when it next looks."""
    given: list[int] = []

    async def source() -> AsyncIterator[int]:
        for number in range(10_000):
            given.append(number)
            yield number
            try:
                await asyncio.sleep(0 if rapid else 0.001)
            except asyncio.CancelledError:
                given.clear()

    async def main() -> Exchange:
        exchange = Exchange()
        task = asyncio.create_task(exchange.run(source()))
        await until(lambda: len(given) > 200 if rapid else len(given) > 20)
        exchange.left.set()
        await task
        return exchange

    exchange = asyncio.run(main())
    assert exchange.reason == "disconnected"
    assert len(given) <= 16


def test_what_a_hanging_source_gave_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def source() -> AsyncIterator[int]:
        try:
            for number in range(5):
                yield number
                await asyncio.sleep(0.001)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(60)

    async def main() -> Exchange:
        exchange = Exchange()
        task = asyncio.create_task(exchange.run(source(), delivery=Delivery(cleanup_timeout=0.05)))
        await until(lambda: exchange.body == b"[0,1,2,3,4")
        exchange.left.set()
        await task
        return exchange

    (outcome,) = asyncio.run(main()).outcomes
    assert (outcome.reason, outcome.items) == ("disconnected", 5)
    assert f"source ({__file__}:" in caplog.text


def test_what_is_left_to_itself_is_kept() -> None:
    """By us: the event loop has weak references only."""
    ended: list[bool] = []
    held_by: list[weakref.ref[asyncio.Future[None]]] = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            future = asyncio.get_running_loop().create_future()
            held_by.append(weakref.ref(future))
            await future
            ended.append(True)

    async def main() -> None:
        exchange = Exchange()
        task = asyncio.create_task(exchange.run(source(), delivery=Delivery(cleanup_timeout=0.01)))
        await until(lambda: bool(exchange.body))
        exchange.left.set()
        await task
        del task
        gc.collect()
        future = held_by[0]()
        assert future is not None, "the garbage collector has ended the source"
        future.set_result(None)
        await until(lambda: bool(ended))

    asyncio.run(main())
    assert ended == [True]


def test_a_place_for_a_thread_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the wait for the thread is cancelled, as a loop does with all tasks when it closes."""
    monkeypatch.setattr("tailrace._lane._MOST_THREADS", 1)

    def source() -> Iterator[int]:
        yield 1
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loops[0]).result()
        yield 2

    loops: list[asyncio.AbstractEventLoop] = []

    async def main() -> bytes:
        loops.append(asyncio.get_running_loop())
        exchange = Exchange()
        task = asyncio.create_task(exchange.run(source()))
        await until(lambda: bool(exchange.body))
        (lane,) = [
            other
            for other in asyncio.all_tasks()
            if "Pump._run" in getattr(other.get_coro(), "__qualname__", "")
        ]
        for _ in range(3):
            lane.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task])
        async with asyncio.timeout(5):
            return (await Exchange().run(iter([1]))).body

    assert asyncio.run(main()) == b"[1]"


def test_send_is_cancelled_with_what_it_awaits() -> None:
    """Between the first step of a send and its task's turn too."""
    ended: list[str] = []

    async def inner() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("inner")
            raise

    tasks: list[asyncio.Task[Any]] = []

    async def send(message: Message) -> None:
        if b"2" in message.get("body", b""):
            asyncio.get_running_loop().call_soon(tasks[0].cancel)
            await asyncio.create_task(inner())

    async def source() -> AsyncIterator[int]:
        for number in range(5):
            yield number
            await asyncio.sleep(0.002)

    async def main() -> Exchange:
        exchange = Exchange(send)
        tasks.append(asyncio.create_task(exchange.run(source())))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        assert ended == ["inner"]
        return exchange

    assert asyncio.run(main()).reason == "cancelled"
