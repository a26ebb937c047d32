"""A response that is left half read, or was never asked for."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.test import RequestFactory
from django.test.client import AsyncRequestFactory

from tailrace import Delivery, Outcome
from tailrace.django import stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


from .exchange import async_rows, sync_rows

pytestmark = pytest.mark.usefixtures("exchange")


WITHIN = 5.0


def endless(closed: list[str]) -> AsyncIterator[int]:
    async def items() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.001)
        finally:
            await asyncio.sleep(0.001)
            closed.append(threading.current_thread().name)

    return items()


def test_what_was_never_asked_for_is_closed() -> None:
    """A view that is called by hand, and whose response nobody reads."""
    ends: list[Outcome] = []

    async def never() -> None:
        """Would be warned of if it was left alone."""

    for factory in (RequestFactory(), AsyncRequestFactory()):
        stream(factory.get("/"), {"a": never()}, on_finish=ends.append).close()
    assert [end.reason for end in ends] == ["not_started", "not_started"]


def test_a_view_that_is_called_by_hand_can_be_iterated_over() -> None:
    assert b"".join(stream(RequestFactory().get("/"), sync_rows())) == b'[{"id":1},{"id":2}]'

    async def read() -> bytes:
        return b"".join([part async for part in stream(AsyncRequestFactory().get("/"), async_rows())])

    assert asyncio.run(read()) == b'[{"id":1},{"id":2}]'


def test_a_server_that_leaves_closes_the_source_by_aclose_and_by_close() -> None:
    closed: list[str] = []

    async def leave() -> None:
        response = await stream(AsyncRequestFactory().get("/"), endless(closed)).render()
        async with aclosing(aiter(response)) as parts:
            await anext(parts)
        assert closed == ["MainThread"]
        response = await stream(AsyncRequestFactory().get("/"), endless(closed)).render()
        await anext(aiter(response))
        await sync_to_async(response.close)()
        async with asyncio.timeout(WITHIN):
            while len(closed) < 2:  # noqa: ASYNC110 - `close` does not wait, for the source may need its thread
                await asyncio.sleep(0.001)

    asyncio.run(leave())


def test_a_response_that_was_dropped_is_closed() -> None:
    closed: list[str] = []
    response: Any = stream(RequestFactory().get("/"), endless(closed)).render()
    del response
    gc.collect()
    deadline = time.monotonic() + WITHIN
    while not closed:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert closed == ["tailrace-loop"]

    async def drop() -> None:
        closed.clear()
        response: Any = await stream(AsyncRequestFactory().get("/"), endless(closed)).render()
        del response
        gc.collect()
        async with asyncio.timeout(WITHIN):
            while not closed:  # noqa: ASYNC110 - it is the garbage collector that closes
                await asyncio.sleep(0.001)

    asyncio.run(drop())


def test_a_response_that_was_dropped_needs_no_garbage_collector() -> None:
    closed: list[str] = []

    async def drop() -> None:
        response: Any = await stream(AsyncRequestFactory().get("/"), endless(closed)).render()
        del response
        async with asyncio.timeout(WITHIN):
            while not closed:  # noqa: ASYNC110 - it is a destructor that closes
                await asyncio.sleep(0.001)

    gc.disable()
    try:
        asyncio.run(drop())
    finally:
        gc.enable()


def test_a_request_that_is_cancelled_behind_the_view_closes_the_source() -> None:
    """As by a client that leaves while a middleware runs: Django drops the response, and closes nothing."""
    closed: list[str] = []
    responses: list[Any] = []

    async def serve() -> None:
        responses.append(await stream(AsyncRequestFactory().get("/"), endless(closed)).render())
        await asyncio.sleep(WITHIN)  # the middleware

    async def leave() -> None:
        serving = asyncio.create_task(serve())
        while not responses:  # noqa: ASYNC110 - it is there when the source has given an item
            await asyncio.sleep(0.001)
        serving.cancel()
        async with asyncio.timeout(WITHIN):
            while not closed:  # noqa: ASYNC110 - closing takes turns of the loop
                await asyncio.sleep(0.001)

    asyncio.run(leave())


def test_a_task_that_is_cancelled_while_it_waits_closes_the_source() -> None:
    closed: list[str] = []

    async def silent() -> AsyncIterator[int]:
        try:
            await asyncio.sleep(WITHIN)
            yield 1
        finally:
            await asyncio.sleep(0.001)
            closed.append("closed")

    async def cancel() -> None:
        waiting = asyncio.create_task(stream(AsyncRequestFactory().get("/"), silent()).render())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert closed == ["closed"]

    asyncio.run(cancel())


def test_a_server_that_holds_a_run_for_too_long_is_left() -> None:
    closed: list[str] = []
    ends: list[Outcome] = []

    async def hold() -> None:
        delivery = Delivery(send_timeout=0.02)
        content = endless(closed)
        response = stream(AsyncRequestFactory().get("/"), content, delivery=delivery, on_finish=ends.append)
        async with aclosing(aiter(await response.render())) as parts:
            await anext(parts)
            await asyncio.sleep(WITHIN)  # the server's `send`

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(hold())
    assert (closed, [end.reason for end in ends]) == (["MainThread"], ["send_timeout"])
