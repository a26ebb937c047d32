"""What `send` may do: raise, wait, be cancelled, and have a context of its own."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import NDJSON, Delivery, Event
from tailrace._drive import Pump

from .client import Exchange, Message, cancelled, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


async def ticks(count: int = 5) -> AsyncIterator[int]:
    for number in range(count):
        yield number
        await asyncio.sleep(0.002)


async def many_ticks(closed: list[bool]) -> AsyncIterator[int]:
    """Ticks that tell when they were closed."""
    try:
        async for number in ticks(1000):
            yield number
    finally:
        closed.append(True)


def test_a_send_that_raises_is_a_departure() -> None:
    closed: list[bool] = []

    async def send(message: Message) -> None:
        if b"3" in message.get("body", b""):
            raise ConnectionResetError

    exchange = asyncio.run(Exchange(send).run(many_ticks(closed)))
    assert (exchange.reason, closed) == ("disconnected", [True])


@pytest.mark.parametrize("coding", [b"", b"gzip", b"zstd"])
def test_a_cancellation_behind_the_last_message_sends_no_other(coding: bytes) -> None:
    async def send(message: Message) -> None:
        if message.get("more_body") is False:
            task.cancel()

    async def main() -> Exchange:
        nonlocal task
        exchange = Exchange(send, headers=[(b"accept-encoding", coding)])
        delivery = Delivery(compression=("gzip", "zstd"))
        task = asyncio.create_task(exchange.run(ticks(2), formats=[NDJSON()], delivery=delivery))
        with pytest.raises(asyncio.CancelledError):
            await task
        return exchange

    task: asyncio.Task[Exchange]
    exchange = asyncio.run(main())
    assert [message.get("more_body") for message in exchange.messages].count(False) == 1
    assert exchange.reason == "complete"


def test_an_item_before_a_silent_one_goes_out_at_once() -> None:
    async def source() -> AsyncIterator[Any]:
        await asyncio.sleep(0.01)
        yield {"a": 1}
        yield Event(comment="nothing")
        await asyncio.sleep(0.5)

    async def main() -> None:
        exchange = Exchange()
        task = asyncio.create_task(exchange.run(source(), formats=[NDJSON()]))
        await until(lambda: exchange.body == b'{"a":1}\n')
        assert not task.done()
        await task

    asyncio.run(main())


@pytest.mark.parametrize("waits", [False, True])
def test_what_send_sets_stays_with_send(waits: bool) -> None:  # noqa: FBT001 - a test's parameter
    seen: list[str] = []
    within: list[str] = []

    async def source() -> AsyncIterator[int]:
        async for number in ticks():
            seen.append(VARIABLE.get())
            yield number

    async def send(_: Message) -> None:
        within.append(VARIABLE.get())
        token = VARIABLE.set("sending")
        if waits:
            await asyncio.sleep(0.001)
        VARIABLE.reset(token)

    exchange = asyncio.run(Exchange(send).run(source()))
    assert exchange.reason == "complete"
    assert set(seen) == set(within) == {"unset"}


def test_a_middleware_may_give_up_a_send() -> None:
    """A timeout inside `send` that strikes between its first step and the task's turn is the middleware's own."""
    given_up: list[bool] = []

    async def send(message: Message) -> None:
        if message.get("body") == b",2":
            try:
                async with asyncio.timeout(0):
                    await asyncio.sleep(60)
            except TimeoutError:
                given_up.append(True)

    exchange = asyncio.run(Exchange(send).run(ticks()))
    assert (exchange.body, exchange.reason, given_up) == (b"[0,1,2,3,4]", "complete", [True])


def test_cancelled_while_a_send_waits() -> None:
    ended: list[str] = []

    async def send(message: Message) -> None:
        if b"2" in message.get("body", b""):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                ended.append("cleaned up")
                raise

    exchange = asyncio.run(cancelled(Exchange(send), ticks(), behind=b"2"))
    assert (exchange.reason, ended) == ("cancelled", ["cleaned up"])


def test_a_pump_is_small() -> None:
    """There is one for each open stream, and CPython shares the names of 30 attributes at most."""

    async def made() -> list[Pump]:
        return [Pump(ticks(), NDJSON().encoder(), Delivery()) for _ in range(9)]

    assert sys.getsizeof(vars(asyncio.run(made())[-1])) < 500


class Panic(BaseException):
    """What only the outermost handler catches, such as a test's own failure."""


@pytest.mark.parametrize("waits", [False, True])
def test_whatever_send_raises_is_raised_by_the_application(waits: bool) -> None:  # noqa: FBT001 - a test's parameter
    closed: list[bool] = []

    async def send(message: Message) -> None:
        if b"3" in message.get("body", b""):
            if waits:
                await asyncio.sleep(0.001)
            raise Panic

    async def main() -> None:
        with pytest.raises(Panic):
            async with asyncio.timeout(5):
                await Exchange(send).run(many_ticks(closed))

    asyncio.run(main())
    assert closed == [True]


def test_an_error_of_send_is_in_the_outcome() -> None:
    async def send(message: Message) -> None:
        if b"3" in message.get("body", b""):
            raise LookupError

    async def main() -> Exchange:
        exchange = Exchange(send)
        with pytest.raises(LookupError):
            await exchange.run(ticks())
        return exchange

    (outcome,) = asyncio.run(main()).outcomes
    assert (outcome.reason, type(outcome.error)) == ("failed", LookupError)


@pytest.mark.parametrize("waits", [False, True])
def test_a_connection_that_timed_out_is_a_departure(waits: bool) -> None:  # noqa: FBT001 - a test's parameter
    """ETIMEDOUT is a `TimeoutError` in Python, and not ours."""

    async def send(message: Message) -> None:
        if b"3" in message.get("body", b""):
            if waits:
                await asyncio.sleep(0.001)
            raise TimeoutError

    assert asyncio.run(Exchange(send).run(ticks())).reason == "disconnected"


def test_send_may_cancel_its_own_task() -> None:
    async def send(message: Message) -> None:
        task = asyncio.current_task()
        if b"3" in message.get("body", b"") and task is not None:
            task.cancel()
            await asyncio.sleep(60)

    async def main() -> Exchange:
        exchange = Exchange(send)
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await exchange.run(ticks())
        return exchange

    (outcome,) = asyncio.run(main()).outcomes
    assert (outcome.reason, outcome.error) == ("cancelled", None)


@pytest.mark.parametrize("reads_again", [False, True])
def test_a_client_that_pauses_learns_that_its_stream_has_failed(
    reads_again: bool,  # noqa: FBT001 - a test's parameter
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The source is closed after `send_timeout`, and what is left is given up after twice that."""
    closed, held = asyncio.Event(), asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            async for number in ticks(100):
                yield number
        finally:
            closed.set()

    async def send(message: Message) -> None:
        if b"3" in message.get("body", b"") and not held.is_set():
            held.set()
            await closed.wait()
            await asyncio.sleep(0 if reads_again else 60)

    exchange = asyncio.run(
        Exchange(send).run(source(), formats=[NDJSON()], delivery=Delivery(send_timeout=0.2))
    )
    (outcome,) = exchange.outcomes
    assert outcome.reason == "send_timeout"
    *records, last = exchange.body.split(b"\n")
    assert records == [b"%d" % number for number in range(len(records))]
    assert last.startswith(b'{"problem":{') == reads_again
    assert not last.endswith(b"}}")
    assert "was ended: the client held the stream back for too long (send_timeout; " in caplog.text


def test_a_source_that_has_ended_is_not_ended_again() -> None:
    """A client that pauses at the very last gets the end all the same."""

    async def send(message: Message) -> None:
        if b"2" in message.get("body", b""):
            await asyncio.sleep(0.35)

    exchange = asyncio.run(Exchange(send).run(ticks(3), delivery=Delivery(send_timeout=0.3)))
    assert (exchange.reason, exchange.body) == ("complete", b"[0,1,2]")


def test_a_client_that_takes_nothing_is_given_up_once() -> None:
    async def send(message: Message) -> None:
        if message.get("body"):
            await asyncio.sleep(60)

    exchange = asyncio.run(Exchange(send).run(ticks(), delivery=Delivery(send_timeout=0.05)))
    assert exchange.reason == "send_timeout"


@pytest.mark.parametrize("commit_after", [1.0, 0.0])
@pytest.mark.parametrize("threaded", [False, True])
def test_the_first_bytes_do_not_wait_for_many(threaded: bool, commit_after: float) -> None:  # noqa: FBT001 - a row of a table
    """A source that never suspends: 4 KiB at first, then 64 at a time; a thread's come as the loop gets to them."""

    async def source() -> AsyncIterator[str]:
        for _ in range(5000):
            yield "x" * 40

    content = ["x" * 40] * 5000 if threaded else source()
    delivery = Delivery(commit_after=commit_after)
    exchange = asyncio.run(Exchange().run(content, formats=[NDJSON()], delivery=delivery))
    first, second = (len(body) for body in [body for body in exchange.bodies if body][:2])
    assert first < 6 * 1024
    assert threaded or 60 * 1024 < second < 80 * 1024
