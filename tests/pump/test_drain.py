"""A drain ends what it knows, once, and says when that is done."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import NDJSON, EventStream
from tailrace.drain import Drain, current_drain, drain_on_signals

from .client import Exchange, until

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


@pytest.mark.parametrize("cancelled_while", ["quiet", "held"])
def test_a_cancelled_stream_has_last_words(cancelled_while: str) -> None:
    async def send(message: Any) -> None:
        if cancelled_while == "held" and b"3" in message.get("body", b""):
            await asyncio.sleep(60)

    async def main() -> Exchange:
        exchange = Exchange(send)
        task = asyncio.create_task(exchange.run(ticks(), formats=[NDJSON()]))
        await until(lambda: b"3" in exchange.body)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return exchange

    exchange = asyncio.run(main())
    assert exchange.reason == "cancelled"
    said = exchange.body.rsplit(b"\n", 1)[1].startswith(b'{"problem":')
    assert said == (cancelled_while == "quiet")


@pytest.mark.parametrize("wrong", [-1, True, "5", float("nan")])
def test_a_grace_is_seconds(wrong: Any) -> None:
    with pytest.raises(ValueError, match="expected seconds"):
        Drain(wrong)
