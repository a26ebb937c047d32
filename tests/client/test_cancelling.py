"""Cancellation on an event loop, at any turn: nothing is lost, nothing is left."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import nullcontext

import pytest

from tailrace.client import connect
from tailrace.errors import ConnectionLost
from tests.client.leaving import SLOW, Troubles, served, settled
from tests.client.reading import held
from tests.client.script import ASK, EVENTS, HANG, LAST, QUICK, Pause, chunk, flowing, numbered
from tests.client.script_server import ScriptServer


async def cancelled_again_and_again(server: ScriptServer) -> list[int]:
    """Read on after each cancellation, which comes after ever another number of turns of the loop."""
    troubles = Troubles()
    seen: list[int] = []

    async def each() -> None:
        async for item in page:
            seen.append(item)  # noqa: PERF401 - what came before a cancellation counts

    async with connect(server.url, resume=QUICK) as page:
        for turns in itertools.count():
            reading = asyncio.ensure_future(each())
            for _ in range(turns % 23):
                await asyncio.sleep(0)
            if reading.done():
                await reading
                break
            reading.cancel()
            await asyncio.wait([reading])
        assert page.complete
    troubles.check()
    return seen


@pytest.mark.parametrize("bytewise", [True, False], ids=["bytewise", "whole"])
def test_who_is_cancelled_loses_nothing(bytewise: bool) -> None:  # noqa: FBT001 - one of two ways
    script = [
        (ASK, EVENTS + chunk(numbered(*range(1, 40))) + LAST),
        (ASK, EVENTS + chunk(numbered(*range(40, 80))), *[chunk(numbered(n)) for n in range(80, 99)]),
        (ASK, EVENTS + chunk(numbered(99) + b"event: end\nid: ~end\ndata:\n\n")),
    ]
    with ScriptServer(script, bytewise=bytewise) as server:
        assert asyncio.run(cancelled_again_and_again(server)) == list(range(1, 100))
    server.check()
    assert [one.headers.get("last-event-id") for one in server.asked] == [None, "39", "98"]


async def timed_out(server: ScriptServer) -> list[int]:
    seen: list[int] = []
    async with connect(server.url) as page:
        while not page.complete:
            try:
                async with asyncio.timeout(0.01):
                    async for item in page:
                        seen.append(item)  # noqa: PERF401 - what came before the time was over counts
            except TimeoutError:
                continue
    return seen


def test_who_times_out_loses_nothing() -> None:
    steps = [step for n in range(1, 8) for step in (Pause(0.015), chunk(f"{n}\n".encode()))]
    with served(ASK, flowing("application/x-ndjson"), *steps, LAST) as (server, _):
        assert asyncio.run(timed_out(server)) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("entered", [True, False], ids=["entered", "iterated"])
def test_who_is_cancelled_while_leaving_leaves_all_the_same(entered: bool) -> None:  # noqa: FBT001 - one of two ways
    before = held()
    for turns, pause in itertools.product(range(30), [1, 2]):
        with ScriptServer([(ASK, EVENTS + chunk(numbered(1)), HANG)]) as server:
            asyncio.run(cancelled_more_than_once(server, turns, pause, entered=entered))
        assert not server.trouble
    assert held() == before


async def cancelled_more_than_once(server: ScriptServer, turns: int, pause: int, *, entered: bool) -> None:
    troubles, connection = Troubles(), connect(server.url)

    async def each() -> None:
        async with connection if entered else nullcontext():
            async for _ in connection:
                pass

    reading = asyncio.ensure_future(each())
    for _ in range(turns):
        await asyncio.sleep(0)
    while not reading.done():
        reading.cancel()
        for _ in range(pause):
            await asyncio.sleep(0)
    await settled()
    troubles.check()
    assert connection._client is None


async def cancelled_from_within() -> None:
    """The loop ends in the middle, and takes the reading with it."""
    async with connect("http://127.0.0.1:1/", resume=SLOW) as page:
        await anext(aiter(page))


def test_a_loop_that_ends_in_the_middle() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(cancelled_from_within())
        for _ in range(20):
            await asyncio.sleep(0)
        del task

    asyncio.run(main())


async def lost_reading(server: ScriptServer) -> None:
    """Somebody cancels all tasks of the loop, also the one that reads for others."""
    async with connect(server.url) as page:
        items = aiter(page)
        assert await anext(items) == 1
        waiting = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task(), waiting}:
            task.cancel()
        with pytest.raises(ConnectionLost, match="cancelled"):
            await waiting


def test_who_waits_is_told_that_the_reading_was_cancelled() -> None:
    with served(ASK, EVENTS + chunk(numbered(1)), HANG) as (server, _):
        asyncio.run(lost_reading(server))
