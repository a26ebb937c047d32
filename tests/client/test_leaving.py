"""Leaving and coming back in the middle: what is kept, what is dropped, and whose things are left alone."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from tailrace.client import connect, sync
from tailrace.errors import ConnectionLost
from tests.client.leaving import SLOW, Troubles, check_end, served, settled, telling
from tests.client.script import (
    ASK,
    EVENTS,
    HANG,
    chunk,
    head,
    numbered,
    sized,
)
from tests.client.script_server import ScriptServer

if TYPE_CHECKING:
    from types import FrameType

THREE = (ASK, EVENTS + chunk(numbered(1, 2, 3)), HANG)


async def two_of_three(server: ScriptServer, news: list[Any], *, entered: bool) -> None:
    troubles = Troubles()
    connection, seen = connect(server.url, on_news=telling(server, news)), list[Any]()

    async def each() -> None:
        async for item in connection:
            seen.append(item)
            if item == 2:
                break

    if entered:
        async with connection:
            await each()
    else:
        await each()
        await settled()
        check_end(news)
    assert seen == [1, 2]
    assert connection.last_event_id == "2"
    assert not connection.complete
    with pytest.raises(ConnectionLost, match="left before its end"):
        await anext(aiter(connection))
    await settled()
    troubles.check()


@pytest.mark.parametrize("entered", [True, False], ids=["entered", "iterated"])
def test_async_break(entered: bool) -> None:  # noqa: FBT001 - one of two ways
    with served(*THREE) as (server, news):
        asyncio.run(two_of_three(server, news, entered=entered))


@pytest.mark.parametrize("entered", [True, False], ids=["entered", "iterated"])
def test_sync_break(entered: bool) -> None:  # noqa: FBT001 - one of two ways
    with served(*THREE) as (server, news):
        connection, seen = sync.connect(server.url, on_news=telling(server, news)), list[Any]()

        def each() -> None:
            for item in connection:
                seen.append(item)
                if item == 2:
                    break

        if entered:
            with connection:
                each()
        else:
            each()
        assert type(news[-1]).__name__ == "Closed"
        assert seen == [1, 2]
        assert connection.last_event_id == "2"
        assert not connection.complete
        with pytest.raises(ConnectionLost, match="left before its end"):
            list(connection)


async def closed_by_another_task(server: ScriptServer) -> None:
    troubles = Troubles()
    async with connect(server.url) as page:
        items = aiter(page)
        assert await anext(items) == 1
        await page.close()
        assert [item async for item in items] == []
        assert page.last_event_id == "1"
        await page.close()
    await settled()
    troubles.check()


def test_async_what_was_not_handed_out_is_not_the_last() -> None:
    with served(*THREE) as (server, _):
        asyncio.run(closed_by_another_task(server))


def test_sync_what_was_not_handed_out_is_not_the_last() -> None:
    with served(*THREE) as (server, _), sync.connect(server.url) as page:
        items = iter(page)
        assert next(items) == 1
        thread = threading.Thread(target=page.close)
        thread.start()
        thread.join()
        assert list(items) == []
        assert page.last_event_id == "1"
        page.close()


async def waits_for_headers(server: ScriptServer) -> None:
    troubles, asked = Troubles(), asyncio.Event()

    async def headers() -> dict[str, str]:
        asked.set()
        await asyncio.sleep(60)
        return {}

    connection = connect(server.url, headers=headers)
    entering = asyncio.ensure_future(connection.__aenter__())
    await asked.wait()
    await connection.close()
    await entering
    troubles.check()


def test_async_while_the_headers_are_waited_for() -> None:
    with ScriptServer([]) as server:
        asyncio.run(waits_for_headers(server))
    server.check()


class Interrupted(BaseException):
    """What Ctrl-C raises, by another name."""


@pytest.mark.parametrize(
    "steps",
    [
        (ASK, HANG),
        (ASK, EVENTS, HANG),
        (ASK, sized(None, b"", status="503 Service Unavailable")),
        (ASK, head(None, "Content-Length: 9", status="404 Not Found"), HANG),
    ],
    ids=["head", "silent-body", "waiting", "body-of-an-error"],
)
@pytest.mark.parametrize("entered", [True, False], ids=["entered", "iterated"])
def test_sync_interrupted_by_a_signal(steps: Any, entered: bool) -> None:  # noqa: FBT001 - one of two ways
    def interrupt(_: int, __: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with served(*steps) as (server, news):
            connection = sync.connect(server.url, resume=SLOW, on_news=telling(server, news))
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Interrupted), connection if entered else nullcontext():
                list(connection)
            check_end(news)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_sync_close_from_the_news() -> None:
    with served(*THREE) as (server, _):
        connection = sync.connect(server.url, on_news=lambda _: connection.close())
        assert list(connection) == []


def test_closed_before_it_began() -> None:
    with ScriptServer([]) as server:
        connection = sync.connect(server.url)
        connection.close()
        assert list(connection) == []
        with connection:
            pass
    server.check()


def test_a_generator_that_is_closed() -> None:
    with served(*THREE) as (server, news):
        with closing(iter(sync.connect(server.url, on_news=telling(server, news)))) as items:
            assert next(items) == 1
        assert type(news[-1]).__name__ == "Closed"
