"""Leaving, at any moment: at once, without one more request, and nothing stays behind."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tailrace.client import Reconnecting, connect, sync
from tests.client.leaving import AT_ONCE, SLOW, Troubles, check_end, served, telling
from tests.client.reading import held
from tests.client.script import ASK, EVENTS, HANG, Handed, chunk, flowing, gzip, head, numbered, sized
from tests.client.script_server import WITHIN, ScriptServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.client.script import Step

MUCH: Final = gzip(numbered(1)) + 100 * gzip(b":\n" * 5_000_000)
"""A thousand million bytes of comments."""


@dataclass(frozen=True)
class Moment:
    """What a reader is in the middle of."""

    name: str
    steps: tuple[Step, ...]
    come: Callable[[ScriptServer, list[Any]], bool]
    """Whether it is, by the server and by the news."""


def asked(server: ScriptServer, _: list[Any]) -> bool:
    return bool(server.asked)


def one_handed(server: ScriptServer, _: list[Any]) -> bool:
    return server.count >= 1


def waits(_: ScriptServer, news: list[Any]) -> bool:
    return any(isinstance(one, Reconnecting) for one in news)


MOMENTS: Final = [
    Moment("head", (ASK, HANG), asked),
    Moment("half-a-head", (ASK, b"HTTP/1.1 200 OK\r\n", HANG), asked),
    Moment("silent-body", (ASK, EVENTS, HANG), asked),
    Moment("silent-behind-an-item", (ASK, EVENTS + chunk(numbered(1)), HANG), one_handed),
    Moment("more-items", (ASK, EVENTS + chunk(numbered(1)), Handed(1), chunk(numbered(2)), HANG), one_handed),
    Moment("waiting", (ASK, sized(None, b"", status="503 Service Unavailable")), waits),
    Moment("body-of-an-error", (ASK, head(None, "Content-Length: 9", status="404 Not Found"), HANG), asked),
    Moment(
        "inflating",
        (ASK, flowing("text/event-stream", "Content-Encoding: gzip") + chunk(MUCH), HANG),
        one_handed,
    ),
]


async def consume(connection: Any, server: ScriptServer, deadline: asyncio.Timeout, *, entered: bool) -> None:
    """Read, with or without `async with`."""
    count = 0

    async def each() -> None:
        nonlocal count
        async for _ in connection:
            count += 1
            server.handed(count)

    async with deadline:
        if entered:
            async with connection:
                await each()
        else:
            await each()


def leave_by_close(connection: Any, _: asyncio.Task[None], __: asyncio.Timeout) -> Any:
    return connection.close()


async def leave_by_cancel(_: Any, task: asyncio.Task[None], __: asyncio.Timeout) -> None:
    task.cancel()


async def leave_by_timeout(_: Any, __: asyncio.Task[None], deadline: asyncio.Timeout) -> None:
    deadline.reschedule(asyncio.get_running_loop().time())


LEAVING: Final = {"close": leave_by_close, "cancel": leave_by_cancel, "timeout": leave_by_timeout}
RAISED: Final = {"close": type(None), "cancel": asyncio.CancelledError, "timeout": TimeoutError}


async def left(
    server: ScriptServer, news: list[Any], come: Callable[[], bool], how: str, *, entered: bool
) -> None:
    """Read until the moment has come, and leave."""
    troubles = Troubles()
    connection = connect(server.url, resume=SLOW, on_news=telling(server, news))
    deadline = asyncio.timeout(None)
    task = asyncio.ensure_future(consume(connection, server, deadline, entered=entered))
    assert await asyncio.to_thread(server.wait_for, come)
    began = time.monotonic()
    await LEAVING[how](connection, task, deadline)
    await asyncio.wait([task], timeout=WITHIN)
    assert time.monotonic() - began < AT_ONCE
    assert task.done()
    raised = None if task.cancelled() else task.exception()
    assert type(asyncio.CancelledError() if task.cancelled() else raised) is RAISED[how]
    await connection.close()
    troubles.check()


@pytest.mark.parametrize("entered", [True, False], ids=["entered", "iterated"])
@pytest.mark.parametrize("how", LEAVING)
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_async(moment: Moment, how: str, entered: bool) -> None:  # noqa: FBT001 - one of two ways
    with served(*moment.steps) as (server, news):
        asyncio.run(left(server, news, lambda: moment.come(server, news), how, entered=entered))
        check_end(news)


def read(connection: Any, server: ScriptServer, raised: list[BaseException | None], *, entered: bool) -> None:
    """Read in a thread."""
    count = 0

    def each() -> None:
        nonlocal count
        for _ in connection:
            count += 1
            server.handed(count)

    try:
        if entered:
            with connection:
                each()
        else:
            each()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test looks at it
        raised.append(error)
    else:
        raised.append(None)


@pytest.mark.parametrize("entered", [True, False], ids=["entered", "iterated"])
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_sync(moment: Moment, entered: bool) -> None:  # noqa: FBT001 - one of two ways
    with served(*moment.steps) as (server, news):
        connection = sync.connect(server.url, resume=SLOW, on_news=telling(server, news))
        raised: list[BaseException | None] = []
        thread = threading.Thread(target=read, args=(connection, server, raised), kwargs={"entered": entered})
        thread.start()
        assert server.wait_for(lambda: moment.come(server, news))
        began = time.monotonic()
        connection.close()
        thread.join(WITHIN)
        assert time.monotonic() - began < AT_ONCE
        assert raised == [None]
        check_end(news)


# While connecting: nobody takes the connection, nor refuses it.


@contextmanager
def deaf() -> Iterator[tuple[socket.socket, str]]:
    """A listener whose queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):
            yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}/"


def knocks(listener: socket.socket) -> bool:
    """Whether somebody tries to connect (`SYN_SENT` is 02)."""
    port = f":{listener.getsockname()[1]:04X} 02 "
    with open("/proc/net/tcp", encoding="ascii") as table:  # noqa: PTH123 - no file
        return port in table.read()


def wait_for_knock(listener: socket.socket) -> None:
    until = time.monotonic() + WITHIN
    while not knocks(listener):
        assert time.monotonic() < until
        time.sleep(0.002)


async def left_while_connecting(listener: socket.socket, url: str, how: str) -> None:
    troubles = Troubles()
    connection, deadline = connect(url, resume=SLOW), asyncio.timeout(None)

    async def enter() -> None:
        async with deadline, connection:
            pass

    task = asyncio.ensure_future(enter())
    await asyncio.to_thread(wait_for_knock, listener)
    began = time.monotonic()
    await LEAVING[how](connection, task, deadline)
    await asyncio.wait([task], timeout=WITHIN)
    assert time.monotonic() - began < AT_ONCE
    with suppress(asyncio.CancelledError, TimeoutError):
        await task
    troubles.check()


@pytest.mark.parametrize("how", LEAVING)
def test_async_while_connecting(how: str) -> None:
    with deaf() as (listener, url):
        before = held()
        asyncio.run(left_while_connecting(listener, url, how))
        assert held() == before
        assert not knocks(listener)


def test_sync_while_connecting() -> None:
    with deaf() as (listener, url):
        before = held()
        connection = sync.connect(url, resume=SLOW)
        thread = threading.Thread(target=connection.__enter__)
        thread.start()
        wait_for_knock(listener)
        began = time.monotonic()
        connection.close()
        assert time.monotonic() - began < AT_ONCE
        # A thread that waits for `connect` cannot be woken: but what it has then is not used.
        listener.settimeout(WITHIN)
        listener.accept()[0].close()
        connected, _ = listener.accept()
        with connected:
            assert connected.recv(1) == b""
        thread.join(WITHIN)
        assert not thread.is_alive()
        assert held() == before
        assert not knocks(listener)
