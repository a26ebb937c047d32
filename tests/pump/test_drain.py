"""A drain ends what it knows, once, and says when that is done."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import NDJSON, EventStream
from tailrace.drain import Drain, current_drain, drain, drain_on_signals

from .client import Exchange, cancelled, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def ticks() -> AsyncIterator[int]:
    number = 0
    while True:
        yield number
        number += 1
        await asyncio.sleep(0.002)


def test_what_ends_when() -> None:
    async def main() -> tuple[Exchange, Exchange, Exchange, list[str]]:
        news: list[str] = []
        async with drain_on_signals(grace=0.1) as drain:
            assert current_drain() is drain
            events, lines, late = Exchange(), Exchange(), Exchange()
            watching = asyncio.create_task(events.run(ticks(), formats=[EventStream()]))
            exporting = asyncio.create_task(lines.run(ticks(), formats=[NDJSON()]))
            await until(lambda: b"1" in events.body and b"1" in lines.body)
            drain.start(lambda: news.append("ended"))
            drain.start()
            await asyncio.wait([watching], timeout=5)
            assert not exporting.done()
            assert not news
            await late.run(ticks(), formats=[EventStream()])
            await asyncio.wait([exporting], timeout=5)
        return events, lines, late, news

    events, lines, late, news = asyncio.run(main())
    assert [events.reason, lines.reason, late.reason] == ["drained"] * 3
    for exchange in (events, late):
        assert b"\nretry: " in exchange.body
        assert b"event: end" not in exchange.body
        assert exchange.messages[-1]["more_body"] is False
    assert lines.body.rsplit(b"\n", 1)[1].startswith(b'{"problem":')
    assert lines.messages[-1]["more_body"] is True
    assert news == ["ended"]


async def later() -> AsyncIterator[int]:
    await asyncio.sleep(60)
    yield 1


@pytest.mark.parametrize("how", ["waits", "comes late", "comes late with an item"])
def test_what_has_not_begun_is_a_503(how: str) -> None:
    async def main() -> Exchange:
        async with drain_on_signals(grace=0.01) as drain:
            exchange = Exchange()
            if how != "waits":
                drain.start()
                await asyncio.sleep(0.05)
            content: Any = [1] if how.endswith("item") else later()
            task = asyncio.create_task(exchange.run(content, formats=[NDJSON()], filename="rows.ndjson"))
            await asyncio.sleep(0)
            drain.start()
            async with asyncio.timeout(5):
                return await task

    exchange = asyncio.run(main())
    assert (exchange.reason, exchange.messages[0]["status"]) == ("drained", 503)
    assert b"shutting down" in exchange.body


def test_a_stream_counts_until_its_source_is_closed() -> None:
    """Whoever waits for the streams may end the process then."""
    closed: list[str] = []

    async def source() -> AsyncIterator[int]:
        try:
            async for number in ticks():
                yield number
        finally:
            await asyncio.sleep(0.02)
            closed.append("the source")

    async def main() -> None:
        async with drain_on_signals() as drain:
            exchange = Exchange()
            task = asyncio.create_task(exchange.run(source(), formats=[EventStream()]))
            await until(lambda: b"1" in exchange.body)
            drain.start(lambda: closed.append(f"{len(exchange.outcomes)} outcome"))
            await task

    asyncio.run(main())
    assert closed == ["the source", "1 outcome"]


def test_within_another_it_is_that_one() -> None:
    """As FastAPI does with the lifespan of a router in an application's."""

    async def main() -> list[Drain | None]:
        async with drain_on_signals(5) as outer:
            async with drain_on_signals(7) as inner:
                assert inner is outer
            return [outer, current_drain()]

    async def afterwards() -> Drain | None:
        await main()
        return current_drain()

    outer, still = asyncio.run(main())
    assert outer is still
    assert asyncio.run(afterwards()) is None


class Left:
    """A stream that does not end for anybody."""

    encoder = NDJSON().encoder()

    def interrupt(self, _: object) -> None: ...


def test_each_is_told_that_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever another one of them does."""
    news: list[str] = []

    async def main() -> None:
        drain = Drain(0.01)
        stream = Left()
        drain.join(stream)
        drain.start(lambda: 1 / 0)
        drain.start(lambda: news.append("ended"))
        drain.part(stream)
        drain.start(lambda: news.append("at once"))

    asyncio.run(main())
    assert news == ["ended", "at once"]
    assert "ZeroDivisionError" in caplog.text


def test_outside_of_the_loop_it_does_not_begin() -> None:
    drain = Drain()
    with pytest.raises(RuntimeError, match="no running event loop"):
        drain.start()
    assert not drain.started


def test_without_streams_it_is_over_at_once() -> None:
    async def main() -> list[str]:
        news: list[str] = []
        Drain().start(lambda: news.append("ended"))
        return news

    assert asyncio.run(main()) == ["ended"]


def test_handlers_are_chained_and_given_back() -> None:
    caught: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
    theirs = signal.getsignal(signal.SIGTERM)
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:

        async def main() -> bool:
            async with drain_on_signals() as drain:
                assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
                signal.raise_signal(signal.SIGTERM)
                await until(lambda: drain.started)
                return drain.started

        assert asyncio.run(main())
        assert caught == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, ignored)


PROGRAM = """
import asyncio, contextlib, os, signal, sys, time
from tailrace.drain import drain, drain_on_signals

class Stream:
    class encoder:
        leave = staticmethod(lambda: b"" if {events} else None)
    def interrupt(self, reason): pass

async def main():
    async with drain_on_signals(grace={grace}) as drain:
        drain.join(Stream())
        {then}
    print("the lifespan ended", flush=True)
asyncio.run(main())
"""
FORKED = """
        ready, tell = os.pipe()
        child = os.fork()
        if not child:
            os.write(tell, b"x")
            time.sleep(20)
        os.read(ready, 1)
        os.kill(child, signal.SIGTERM)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.parametrize(
    ("then", "said", "code"),
    [
        (
            "os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.1); print('held', flush=True)",
            "held\nthe lifespan ended\n",
            0,
        ),
        ("os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(20)", "", -signal.SIGTERM),
        ("[os.kill(os.getpid(), signal.SIGTERM) for _ in range(2)]; time.sleep(20)", "", -signal.SIGTERM),
        (
            "drain.start(); os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(0.1)",
            "the lifespan ended\n",
            0,
        ),
        (FORKED, f"{-signal.SIGTERM}\nthe lifespan ended\n", 0),
    ],
    ids=["is held", "until it is over", "the second is not", "after the public start", "not in a child"],
)
def test_a_signal_without_a_handler(then: str, said: str, code: int) -> None:
    """In a process of its own, which has none for SIGTERM."""
    program = PROGRAM.format(then=then.strip(), grace=0.2, events=False)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.stdout, done.returncode) == (said, code), done.stderr


def test_a_handler_outlives_its_loop() -> None:
    """`drain(app)` cannot know when its application is over."""
    caught: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
    ours = signal.getsignal(signal.SIGINT)
    try:

        async def app(*_: object) -> None: ...

        for _ in range(2):
            asyncio.run(drain(app)({"type": "http"}, None, None))
            signal.raise_signal(signal.SIGTERM)
        assert caught == [signal.SIGTERM] * 2
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, ours)


@pytest.mark.parametrize("cancelled_while", ["quiet", "held"])
def test_a_cancelled_stream_has_last_words(cancelled_while: str) -> None:
    async def send(message: Any) -> None:
        if cancelled_while == "held" and b"3" in message.get("body", b""):
            await asyncio.sleep(60)

    exchange = asyncio.run(cancelled(Exchange(send), ticks(), behind=b"3", formats=[NDJSON()]))
    assert exchange.reason == "cancelled"
    said = exchange.body.rsplit(b"\n", 1)[1].startswith(b'{"problem":')
    assert said == (cancelled_while == "quiet")


@pytest.mark.parametrize("wrong", [-1, True, "5", float("nan")])
def test_a_grace_is_seconds(wrong: Any) -> None:
    with pytest.raises(ValueError, match="expected seconds"):
        Drain(wrong)
