"""The request's body reaches the application piece by piece, when it asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.testing.apps import asked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import httpx2

START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body"}


class Reads:
    """Reads a request's body to its end, `patience` seconds at a time."""

    def __init__(self, patience: float | None = None) -> None:
        self.messages: list[tuple[float, Any]] = []
        self._patience = patience

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            try:
                async with asyncio.timeout(self._patience):
                    message = await receive()
            except TimeoutError:
                continue
            self.messages.append((asyncio.get_running_loop().time(), message.get("body", message["type"])))
            more = message.get("more_body", False)
        await send(START)
        await send(END)


async def trickle(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        await asyncio.sleep(10)
        yield piece


async def post(client: httpx2.AsyncClient) -> int:
    return (await client.post("/", content=trickle(b"a", b"b"))).status_code


@pytest.mark.parametrize("patience", [None, 3])
def test_a_body_arrives_piece_by_piece_also_where_receive_is_cancelled(patience: float | None) -> None:
    app = Reads(patience)
    assert asked(app, post) == 200
    assert app.messages == [(10, b"a"), (20, b"b"), (20, b"")]


@pytest.mark.parametrize("body", [b"", b"abc"])
def test_a_body_of_known_length_is_one_message(body: bytes) -> None:
    app = Reads()

    async def read(client: httpx2.AsyncClient) -> int:
        return (await client.post("/", content=body)).status_code

    assert asked(app, read) == 200
    assert app.messages == [(0, body)]


def test_two_that_ask_get_each_piece_once() -> None:
    bodies: list[bytes] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        async def ask() -> None:
            message = await receive()
            bodies.append(message.get("body", b"gone"))

        await asyncio.gather(ask(), ask())
        await send(START)
        await send(END)

    assert asked(app, post) == 200
    assert sorted(bodies) == [b"a", b"b"]


def test_what_the_body_raises_is_the_callers_and_a_disconnect_to_the_application() -> None:
    app = Reads()

    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise LookupError("mine")

    async def read(client: httpx2.AsyncClient) -> None:
        with pytest.raises(LookupError, match="mine"):
            await client.post("/", content=broken())

    asked(app, read)
    assert app.messages == [(0, b"a"), (0, "http.disconnect")]


def test_a_body_that_nobody_reads_is_closed() -> None:
    closed: list[str] = []

    async def body() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            await asyncio.sleep(3600)
            yield b"b"
        finally:
            closed.append("closed")

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        asking = asyncio.create_task(receive())
        await asyncio.sleep(1)
        await send(START)
        await send(END)
        assert (await asking)["type"] == "http.disconnect"

    async def read(client: httpx2.AsyncClient) -> int:
        response = await client.post("/", content=body())
        assert closed == ["closed"]
        return response.status_code

    assert asked(app, read) == 200
