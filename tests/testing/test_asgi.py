"""`ASGITransport` is a server: what comes in pieces is delivered in pieces, and who leaves is noticed."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from tailrace.testing import ASGITransport, fetch, run
from tests.testing.apps import Pieces, asked, client_of, pieces_of

START = {"type": "http.response.start", "status": 200, "headers": []}


async def timed(client: httpx2.AsyncClient) -> list[tuple[float, bytes]]:
    async with client.stream("GET", "/") as response:
        return [one async for one in pieces_of(response)]


def test_each_piece_arrives_when_it_is_sent() -> None:
    assert asked(Pieces(b"a", b"b", b"c", gap=10), timed) == [(10, b"a"), (20, b"b"), (30, b"c")]


def test_control_httpx2s_own_transport_buffers() -> None:
    async def main() -> list[tuple[float, bytes]]:
        # Its second pieces would come from an application that has not ended.
        transport: Any = httpx2.ASGITransport(Pieces(b"a", b"b", b"c", gap=10))
        return await timed(client_of(transport))

    assert run(main()) == [(31, b"abc")]


def test_a_send_waits_while_the_window_is_full() -> None:
    app = Pieces(*[b"x" * 10] * 10)

    async def read(client: httpx2.AsyncClient) -> list[int]:
        sent: list[int] = []
        async with client.stream("GET", "/") as response:
            pieces = response.aiter_raw()
            for _ in range(4):
                await asyncio.sleep(1)
                sent.append(app.sent)
                await anext(pieces)
        return sent

    # What is over the window waits until all of it was taken.
    assert asked(app, read, window=25) == [2, 2, 2, 5]


def test_without_a_window_each_send_waits_for_the_reader() -> None:
    app = Pieces(b"a", b"b", b"c")

    async def read(client: httpx2.AsyncClient) -> list[int]:
        sent: list[int] = []
        async with client.stream("GET", "/") as response:
            async for _ in response.aiter_raw():
                sent.append(app.sent)
                await asyncio.sleep(1)
                sent.append(app.sent)
        return sent

    assert asked(app, read, window=0) == [0, 1, 1, 2, 2, 3]


@pytest.mark.parametrize(("before", "gap", "pieces"), [(7, 4, []), (4, 7, []), (4, 4, [b"a", b"b"])])
def test_the_clients_read_timeout_holds_for_each_piece(before: int, gap: int, pieces: list[bytes]) -> None:
    came: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(before)
        await Pieces(b"a", b"b", gap=gap)(scope, receive, send)

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/", timeout=5) as response:
            async for piece in response.aiter_raw():
                came.append(piece)  # noqa: PERF401 - what came before it fails counts

    if pieces:
        asked(app, read)
    else:
        with pytest.raises(httpx2.ReadTimeout, match="nothing came for 5 s"):
            asked(app, read)
    assert came == pieces


def test_the_scope() -> None:
    app = Pieces(b"x")
    sent = {"X-One": "1"}
    asked(app, lambda client: fetch(client, "/a%20b?c=d", headers=sent), root_path="/root", client=("::1", 5))
    expected = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a b",
        "raw_path": b"/a%20b",
        "query_string": b"c=d",
        "root_path": "/root",
        "server": ("test", 80),
        "client": ("::1", 5),
        "extensions": {},
    }
    assert {name: value for name, value in app.scope.items() if name != "headers"} == expected
    assert (b"x-one", b"1") in app.scope["headers"]


def test_a_sync_request_is_refused() -> None:
    class Blocking(httpx2.SyncByteStream):
        pass

    async def main() -> None:
        request = httpx2.Request("POST", "http://test", stream=Blocking())
        with pytest.raises(TypeError, match="expected a request of an AsyncClient"):
            await ASGITransport(Pieces()).handle_async_request(request)

    run(main())
