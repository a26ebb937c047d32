"""The caller's own client, and what is told to whom."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tailrace.client import Gap, Opened, Resume, connect, sync
from tests.client.leaving import telling
from tests.client.reading import SHELLS
from tests.client.script import (
    ASK,
    EVENTS,
    HANG,
    LAST,
    QUICK,
    Elsewhere,
    Handed,
    chunk,
    ending,
    event,
    flowing,
    numbered,
    sized,
)
from tests.client.script_server import ScriptServer

if TYPE_CHECKING:
    from collections.abc import Callable

THREE = (ASK, EVENTS + chunk(numbered(1, 2, 3)), HANG)


async def leaves_a_client_open(server: ScriptServer) -> None:
    async with httpx2.AsyncClient() as client:
        async with connect(server.url, client=client) as page:
            assert await anext(aiter(page)) == 1
        assert not client.is_closed
        assert (await client.get(server.url)).text == "later"


def test_async_a_client_stays_open() -> None:
    script = [THREE, (ASK, sized("text/plain", b"later"))]
    with ScriptServer(script) as server:
        asyncio.run(leaves_a_client_open(server))
    server.check()


def test_sync_a_client_stays_open() -> None:
    script = [THREE, (ASK, sized("text/plain", b"later"))]
    with ScriptServer(script) as server, httpx2.Client() as client:
        with sync.connect(server.url, client=client) as page:
            assert next(iter(page)) == 1
        assert not client.is_closed
        assert client.get(server.url).text == "later"
    server.check()


def test_sync_close_leaves_the_connections_of_others_alone() -> None:
    """One that it has given back to the client, and that somebody else uses by now."""
    kept = flowing("text/event-stream").replace(b"Connection: close\r\n", b"")
    script = [(ASK, kept + chunk(numbered(1)) + LAST, ASK, Handed(2), sized("text/plain", b"mine"))]
    got: list[str] = []
    with ScriptServer(script) as server, httpx2.Client() as client:
        news: list[Any] = []
        connection = sync.connect(
            server.url, client=client, resume=Resume(delay=60.0), on_news=telling(server, news)
        )
        reading = threading.Thread(target=lambda: list(connection))
        reading.start()
        assert server.wait_for(lambda: any(type(one).__name__ == "Reconnecting" for one in news))
        other = threading.Thread(target=lambda: got.append(client.get(server.url).text))
        other.start()
        assert server.wait_for(lambda: len(server.asked) == 2)
        connection.close()
        reading.join()
        server.handed(2)
        other.join()
    assert got == ["mine"]
    server.check()


SECRETS: dict[str, Any] = {
    "headers": {"X-API-Key": "1"},
    "cookies": {"session": "2"},
    "auth": ("me", "you"),
}


async def read_with(url: str, client: httpx2.AsyncClient) -> list[Any]:
    async with client:
        return [item async for item in connect(url, client=client, resume=QUICK)]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_clients_secrets_stay_at_home(shell: str) -> None:
    found = sized(None, b"", "Location: {other}b", status="302 Found")
    cut = (ASK, EVENTS + chunk(numbered(1)) + LAST)
    with ScriptServer([(ASK, found), Elsewhere(cut), ending(numbered(2))]) as server:
        if shell == "async":
            items = asyncio.run(read_with(server.url, httpx2.AsyncClient(**SECRETS)))
        else:
            with httpx2.Client(**SECRETS) as client:
                items = list(sync.connect(server.url, client=client, resume=QUICK))
    server.check()
    assert items == [1, 2]
    for asked, at_home in zip(server.asked, [True, False, True], strict=True):
        assert ("x-api-key" in asked.headers) == at_home
        assert ("authorization" in asked.headers) == at_home
    # A jar knows no ports: to it both are one.
    assert all("session=2" in asked.headers["cookie"] for asked in server.asked)


# What is told.


def each(shell: str, url: str, **options: Any) -> list[Any]:
    """All items, in either shell."""
    if shell == "sync":
        return list(sync.connect(url, **options))

    async def items() -> list[Any]:
        return [item async for item in connect(url, **options)]

    return asyncio.run(items())


@pytest.mark.parametrize("shell", SHELLS)
def test_where_it_is_read_from(shell: str) -> None:
    news: list[Any] = []
    found = sized(None, b"", "Location: /b", status="302 Found")
    line = sized("application/x-ndjson; charset=utf-8", b"1\n", status="203 Non-Authoritative Information")
    with ScriptServer([(ASK, found), (ASK, line)]) as server:
        assert each(shell, server.url, on_news=news.append) == [1]
    assert news[0] == Opened(f"{server.url}b", 203, "application/x-ndjson; charset=utf-8")


GAP = event('{"requested":"3","earliest":"9"}', event="gap")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_gap_is_in_the_log_where_nobody_listens(shell: str, caplog: pytest.LogCaptureFixture) -> None:
    with ScriptServer([ending(GAP, numbered(9))]) as server:
        assert each(shell, server.url) == [9]
    (record,) = [one for one in caplog.records if one.name == "tailrace"]
    assert record.levelno == logging.WARNING
    assert "'3'" in record.getMessage()


@pytest.mark.parametrize("shell", SHELLS)
def test_who_fails_to_listen_does_not_end_it(shell: str, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []

    def told(news: Any) -> None:
        heard.append(news)
        raise ValueError(news)

    with ScriptServer([ending(GAP, numbered(9))]) as server:
        assert each(shell, server.url, on_news=told) == [9]
    assert [type(one).__name__ for one in heard] == ["Opened", "Gap", "Closed"]
    assert heard[1] == Gap("3", "9")
    assert [one.getMessage() for one in caplog.records if one.exc_info] == ["on_news failed"] * 3


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("option", ["headers", "params"])
def test_a_function_of_the_callers_that_fails(shell: str, option: str) -> None:
    def failing() -> dict[str, str]:
        raise ValueError("no token")

    with ScriptServer([]) as server, pytest.raises(ValueError, match="no token"):
        each(shell, server.url, **{option: failing})
    server.check()


async def told_later(_: object) -> None:
    """Nobody would await it."""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"timeout": 1}, TypeError),
        ({"resume": 5}, TypeError),
        ({"content": iter([b"1"])}, TypeError),
        ({"last_event_id": "a\nb"}, ValueError),
        ({"last_event_id": 7}, ValueError),
        ({"type": 7}, TypeError),
        ({"client": object()}, TypeError),
        ({"on_news": told_later}, TypeError),
        ({"format": "ndjson"}, TypeError),
    ],
    ids=[
        "an-unknown-option",
        "resume",
        "content",
        "a-cursor-with-lf",
        "a-cursor-that-is-none",
        "type",
        "client",
        "on-news",
        "format",
    ],
)
def test_what_cannot_be_is_refused_at_once(shell: str, options: Any, error: type[Exception]) -> None:
    make: Callable[..., Any] = connect if shell == "async" else sync.connect
    with pytest.raises(error):
        make("http://127.0.0.1:1/", **options)
