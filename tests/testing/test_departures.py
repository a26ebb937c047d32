"""Who leaves a response of `ASGITransport` is noticed, and what was left is awaited."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import httpx2
import pytest

from tailrace.testing import ASGITransport, run
from tests.testing.apps import Pieces, asked, client_of, pieces_of

START = {"type": "http.response.start", "status": 200, "headers": []}


async def timed(client: httpx2.AsyncClient) -> list[tuple[float, bytes]]:
    async with client.stream("GET", "/") as response:
        return [one async for one in pieces_of(response)]


@pytest.mark.parametrize(
    ("spec_version", "seen"),
    [
        ("2.3", ["http.disconnect", "closed"]),
        ("2.4", ["http.disconnect", "OSError", "closed"]),
        (None, ["http.disconnect", "closed"]),
    ],
)
def test_a_reader_that_leaves_is_noticed_and_the_application_is_awaited(
    spec_version: str | None, seen: list[str]
) -> None:
    app = Pieces(*[b"x"] * 5, gap=1)

    async def read(client: httpx2.AsyncClient) -> tuple[list[Any], float]:
        async with client.stream("GET", "/") as response:
            await anext(response.aiter_raw())
        return app.events[:], asyncio.get_running_loop().time()

    events, time = asked(app, read, spec_version=spec_version)
    assert events == seen
    assert app.scope["asgi"] == {"version": "3.0"} | (
        {"spec_version": spec_version} if spec_version is not None else {}
    )
    # With an error the second send is the last; without one all five are sent, for nobody listened.
    assert time == (3 if spec_version == "2.4" else 6)


def test_a_send_that_waits_is_let_go_when_the_reader_leaves() -> None:
    app = Pieces(b"x" * 10, b"y" * 10)

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/"):
            await asyncio.sleep(1)

    asked(app, read, window=0, spec_version="2.4")
    assert app.events == ["OSError", "closed"]
    assert app.sent == 0


def test_an_application_that_does_not_return_is_cancelled() -> None:
    cancelled: list[float] = []

    async def deaf(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.append(asyncio.get_running_loop().time())
            raise

    transport = ASGITransport(deaf)

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/deaf") as response:
            await anext(response.aiter_raw())

    asked(transport, read)
    assert cancelled == [10]
    assert transport.stubborn == ["GET /deaf"]


def test_what_runs_behind_a_complete_response_is_waited_for_but_not_cancelled() -> None:
    done: list[float] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"x"})
        await asyncio.sleep(15)
        done.append(asyncio.get_running_loop().time())

    async def read(client: httpx2.AsyncClient) -> float:
        await client.get("/")
        return asyncio.get_running_loop().time()

    transport = ASGITransport(app)
    assert asked(transport, read) == 10
    assert done == [15]
    assert transport.stubborn == []


def test_what_runs_behind_a_complete_response_ends_with_the_transport() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"x"})
        await asyncio.sleep(3600)

    async def main() -> float:
        transport = ASGITransport(app)
        async with client_of(transport) as client:
            await client.get("/")
            assert transport.stubborn == []
        assert transport.stubborn == ["GET /"]
        return asyncio.get_running_loop().time()

    assert run(main()) == 20


def test_an_application_hears_of_the_end_of_its_response_before_it_is_read() -> None:
    heard: list[float] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(START)
        await send({"type": "http.response.body", "body": b"x"})
        assert (await receive())["type"] == "http.disconnect"
        heard.append(asyncio.get_running_loop().time())

    async def read(client: httpx2.AsyncClient) -> bytes:
        async with client.stream("GET", "/") as response:
            await asyncio.sleep(5)
            return await response.aread()

    assert asked(app, read) == b"x"
    assert heard == [0]


def test_an_error_of_the_reader_is_a_departure_before_the_response_is_closed() -> None:
    app = Pieces(b"x", b"y", gap=60)

    async def main() -> None:
        transport = ASGITransport(app)
        request = httpx2.Request("GET", "http://test", extensions={"timeout": {"read": 5}})
        # A client of httpx2 closes the response itself.
        response = await transport.handle_async_request(request)
        pieces: Any = aiter(response.stream)  # type: ignore[arg-type]  # an asynchronous one
        with pytest.raises(httpx2.ReadTimeout):
            await anext(pieces)
        await asyncio.sleep(1)
        assert app.events == ["http.disconnect"]
        with pytest.raises(httpx2.ReadError, match="the connection is closed"):
            await anext(pieces)
        await response.aclose()

    run(main())


def test_responses_that_ended_with_their_loop_are_no_ones_any_more() -> None:
    transport = ASGITransport(Pieces(b"x", b"y", gap=5))

    async def opens() -> httpx2.Response:
        client = client_of(transport)
        return await client.send(client.build_request("GET", "/"), stream=True)

    run(opens())
    run(transport.aclose())
    assert transport.stubborn == []


def test_who_is_cancelled_again_and_again_still_waits_for_the_application() -> None:
    app = Pieces(*[b"x"] * 5, gap=1)

    async def main() -> None:
        client = client_of(app)
        with anyio.move_on_after(1.5):  # cancels whatever is awaited, until it is left
            await timed(client)
        assert app.events == ["http.disconnect", "closed"]

    run(main())


def test_who_is_cancelled_still_waits_for_the_application() -> None:
    app = Pieces(*[b"x"] * 5, gap=1)

    async def main() -> None:
        client = client_of(app)
        task = asyncio.create_task(timed(client))
        await asyncio.sleep(1.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert app.events == ["http.disconnect", "closed"]

    run(main())


def test_who_is_cancelled_before_the_response_still_waits_for_the_application() -> None:
    events: list[str] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()
        events.append((await receive())["type"])
        await asyncio.sleep(1)
        events.append("closed")

    async def main() -> None:
        client = client_of(app)
        task = asyncio.create_task(client.get("/"))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert events == ["http.disconnect", "closed"]

    run(main())


def test_a_hot_application_does_not_stop_the_loop_once_its_reader_has_gone() -> None:
    heard: list[str] = []

    async def listen(receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def hot(_scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        gone = asyncio.create_task(listen(receive))
        for _ in range(10_000):
            if gone.done():
                heard.append("http.disconnect")
                return
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/") as response:
            await anext(response.aiter_raw())

    asked(hot, read)
    assert heard == ["http.disconnect"]


@pytest.mark.parametrize("reads", [True, False])
def test_what_is_meant_for_the_test_reaches_it(reads: Any) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        pytest.fail("of the test's own")

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/") as response:
            if reads:
                await response.aread()

    with pytest.raises(pytest.fail.Exception, match="of the test's own"):
        asked(app, read)
