"""Frameworks over `ASGITransport`: what streams arrives in pieces, and who leaves ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import FastAPI
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import StreamingResponse
from starlette.routing import Route

import tailrace.asgi
import tailrace.fastapi
import tailrace.starlette
from tailrace import Delivery, Outcome, Problem
from tailrace.errors import Abort
from tailrace.testing import assert_complete, assert_failed, assert_streams, assert_truncated, fetch, run
from tests.testing.apps import asked, client_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

NDJSON = {"accept": "application/x-ndjson"}


class Source:
    """Three items, ten seconds apart."""

    def __init__(self) -> None:
        self.closed: list[float] = []

    async def items(self) -> AsyncGenerator[dict[str, int], None]:
        try:
            for n in range(3):
                yield {"n": n}
                await asyncio.sleep(10)
        finally:
            await asyncio.sleep(1)
            self.closed.append(asyncio.get_running_loop().time())

    async def lines(self) -> AsyncGenerator[str, None]:
        async for item in self.items():
            yield f'{{"n": {item["n"]}}}\n'


async def passes(request: Any, call_next: Any) -> Any:
    return await call_next(request)


def bare(source: Source, **options: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await tailrace.asgi.Stream(source.items(), **options)(scope, receive, send)

    return app


def starlette(source: Source, *middleware: Middleware, **options: Any) -> Any:
    async def endpoint(_: Any) -> Any:
        return tailrace.starlette.Stream(source.items(), **options)

    return Starlette(routes=[Route("/", endpoint)], middleware=list(middleware))


def under_base_http(source: Source, **options: Any) -> Any:
    return starlette(source, Middleware(BaseHTTPMiddleware, dispatch=passes), **options)


def under_gzip(source: Source, **options: Any) -> Any:
    return starlette(source, Middleware(GZipMiddleware), **options)


def fastapi(source: Source, **options: Any) -> Any:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> Any:
        return tailrace.fastapi.Stream(source.items(), **options)

    return app


OURS = [bare, starlette, under_base_http, under_gzip, fastapi]


@pytest.mark.parametrize("make", OURS)
def test_our_streams_arrive_item_by_item(make: Callable[[Source], Any]) -> None:
    received = asked(make(Source()), lambda client: fetch(client, "/", headers=NDJSON))
    assert assert_complete(received) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert received.times == pytest.approx((0, 10, 20), abs=0.01)


@pytest.mark.parametrize("make", OURS)
def test_our_streams_end_with_their_reader(make: Callable[..., Any]) -> None:
    source, outcomes = Source(), list[Outcome]()

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/", headers=NDJSON) as response:
            pieces = response.aiter_bytes()
            await anext(pieces)
            await asyncio.sleep(5)
        assert source.closed == [pytest.approx(6, abs=0.01)]

    asked(make(source, on_finish=outcomes.append), read)
    assert [outcome.reason for outcome in outcomes] == ["disconnected"]


@pytest.mark.parametrize("make", OURS)
def test_our_streams_pass_as_streams(make: Callable[..., Any]) -> None:
    run(assert_streams(make(Source()), headers=NDJSON))


async def breaks() -> AsyncGenerator[dict[str, int], None]:
    yield {"n": 0}
    await asyncio.sleep(1)
    raise Abort(Problem(title="Gone", status=410))


@pytest.mark.parametrize("make", OURS)
def test_our_streams_that_fail_say_so(make: Callable[..., Any]) -> None:
    source: Any = Source()
    source.items = breaks
    received = asked(make(source), lambda client: fetch(client, "/", headers=NDJSON))
    assert assert_failed(received, status=410).title == "Gone"
    # Under BaseHTTPMiddleware the transfer ends well, as on every server.
    cut = [] if make is under_base_http else [httpx2.RemoteProtocolError]
    assert [type(received.error)] == cut or (received.error is None and not cut)


@pytest.mark.parametrize(("spec_version", "error"), [("2.3", httpx2.RemoteProtocolError), (None, type(None))])
def test_daphne_is_told_by_its_scope(spec_version: str | None, error: type) -> None:
    source: Any = Source()
    source.items = breaks
    received = asked(bare(source), fetch_root, spec_version=spec_version)
    # A failed body is ended where the server would wait for ever.
    assert type(received.error) is error
    assert assert_truncated(received) == [{"n": 0}]


async def fetch_root(client: httpx2.AsyncClient) -> Any:
    return await fetch(client, "/")


def test_keep_alives_take_no_time() -> None:
    async def items() -> AsyncGenerator[int, None]:
        await asyncio.sleep(100)
        yield 1

    source: Any = Source()
    source.items = items
    received = asked(bare(source, delivery=Delivery(keep_alive=15)), fetch_root)
    assert received.pieces == (b"[", *[b" "] * 6, b"1", b"]") or received.content == b"[" + b" " * 6 + b"1]"


def test_a_stuck_reader_ends_its_source_after_the_send_timeout() -> None:
    outcomes: list[Outcome] = []

    async def items() -> AsyncGenerator[str, None]:
        while True:
            yield "x" * 1000
            await asyncio.sleep(0)

    source: Any = Source()
    source.items = items

    async def read(client: httpx2.AsyncClient) -> Any:
        async with client.stream("GET", "/") as response:
            await asyncio.sleep(40)
            assert [outcome.reason for outcome in outcomes] == []
            await asyncio.sleep(40)
            assert [outcome.reason for outcome in outcomes] == ["send_timeout"]
            with pytest.raises(httpx2.RemoteProtocolError):
                await response.aread()

    asked(bare(source, delivery=Delivery(send_timeout=30), on_finish=outcomes.append), read)


def test_a_sync_source_runs_in_its_thread_and_time_waits_for_it() -> None:
    def items() -> Iterator[int]:
        import time  # noqa: PLC0415 - what is to be seen stands together

        for n in range(3):
            time.sleep(0.05)
            yield n

    source: Any = Source()
    source.items = items

    async def read(client: httpx2.AsyncClient) -> Any:
        received = await fetch(client, "/")
        return received.content, asyncio.get_running_loop().time()

    # No time-out, keep-alive or other timer has fired meanwhile.
    assert asked(bare(source, delivery=Delivery(keep_alive=0.01, commit_after=0.01)), read) == (b"[0,1,2]", 0)


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
def test_starlettes_own_streams(spec_version: str) -> None:
    source, done = Source(), list[str]()

    async def endpoint(_: Any) -> Any:
        return StreamingResponse(source.lines(), background=BackgroundTask(done.append, "background"))

    app = Starlette(routes=[Route("/", endpoint)])
    received = asked(app, fetch_root, spec_version=spec_version)
    assert received.times == (0, 10, 20, 31)[: len(received.times)]
    assert len(received.pieces) == 3
    assert done == ["background"]


def test_starlettes_own_streams_end_with_their_reader() -> None:
    source = Source()

    async def endpoint(_: Any) -> Any:
        return StreamingResponse(source.lines())

    async def read(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/") as response:
            await anext(response.aiter_bytes())
        assert asyncio.get_running_loop().time() <= 1

    asked(Starlette(routes=[Route("/", endpoint)]), read)


def test_sse_starlette() -> None:
    source = Source()

    async def endpoint(_: Any) -> Any:
        async def events() -> AsyncGenerator[dict[str, str], None]:
            async for item in source.items():
                yield {"data": str(item["n"])}

        return EventSourceResponse(events())

    received = asked(Starlette(routes=[Route("/", endpoint)]), fetch_root)
    assert [
        time for time, piece in zip(received.times, received.pieces, strict=True) if b"data" in piece
    ] == [
        0,
        10,
        20,
    ]


def test_fastapis_own_json_lines() -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> Any:
        async for item in Source().items():
            yield item

    async def main() -> Any:
        async with client_of(app) as client:
            return await fetch(client, "/")

    received = run(main())
    assert assert_complete(received) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert received.times[0] < received.times[1] < received.times[2]
