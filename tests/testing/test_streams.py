"""`assert_streams` finds what does not stream, and a `Probe` what becomes of a source."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from tailrace.asgi import Stream
from tailrace.testing import ASGITransport, Probe, assert_streams, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

ROWS = [{"n": n} for n in range(4)]


def app_of(make: Callable[[], Any], **options: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Stream(make(), **options)(scope, receive, send)

    return app


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/x-ndjson",
        "text/event-stream",
        "text/csv",
        "application/json-seq",
        "application/x-progressive-json;v=2",
    ],
)
def test_our_streams_do(accept: str) -> None:
    source = Probe(ROWS)
    run(assert_streams(app_of(lambda: source), source=source, headers={"accept": accept}))
    assert (source.made, source.closed) == (3, True)


async def apart() -> AsyncGenerator[int, None]:
    for n in range(10):
        yield n
        await asyncio.sleep(1)


async def at_once() -> AsyncGenerator[int, None]:
    for n in range(10):
        yield n


async def never() -> AsyncGenerator[int, None]:
    await asyncio.sleep(3600)
    yield 1


async def one() -> AsyncGenerator[int, None]:
    yield 1


def buffered(app: Any) -> Any:
    """What a middleware does that wants to see the whole body."""

    async def buffering(scope: Any, receive: Any, send: Any) -> None:
        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        await app(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in messages)
        await send(messages[0])
        await send({"type": "http.response.body", "body": body})

    return buffering


def test_without_a_source_items_that_wait_are_enough() -> None:
    run(assert_streams(app_of(apart)))


def test_in_a_real_loop_too() -> None:
    source = Probe(ROWS)
    asyncio.run(assert_streams(app_of(lambda: source), source=source))


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (buffered(app_of(apart)), "10 items in 21 bytes of application/json came together"),
        (app_of(at_once), "or the source does not wait between them"),
        (app_of(never), r"expected 3 items within 60 s; 0 items in \d+ bytes"),
        (app_of(one), "expected at least 2 items, which can come one by one; 1 items"),
    ],
    ids=["buffered", "at once", "never", "one"],
)
def test_what_does_not_come_one_by_one_is_found(app: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        run(assert_streams(app))


def test_what_holds_items_back_is_found() -> None:
    source = Probe(ROWS)
    with pytest.raises(
        AssertionError, match="expected item 0 to arrive before the next is made; not even the resp"
    ):
        run(assert_streams(buffered(app_of(lambda: source)), source=source))


def test_what_holds_an_item_back_until_the_next_is_found() -> None:
    async def late(source: Any) -> AsyncGenerator[Any, None]:
        async with aclosing(aiter(source)) as items:
            before = await anext(items)
            async for item in items:
                yield before
                before = item

    source = Probe(ROWS)
    with pytest.raises(AssertionError, match="something on the way holds it back"):
        run(assert_streams(app_of(lambda: late(source)), source=source))


def test_a_source_that_is_not_asked_is_found() -> None:
    source = Probe(ROWS)
    with pytest.raises(AssertionError, match="the source was not asked for it"):
        run(assert_streams(app_of(never), source=source))


def test_a_source_that_is_not_the_bodys_is_found() -> None:
    source = Probe(ROWS)
    with pytest.raises(AssertionError, match="expected item 1 to arrive, but the body is over: 1 items"):
        run(assert_streams(app_of(one), source=source))


def test_a_source_that_stays_open_is_found() -> None:
    source = Probe(ROWS)
    iterator = aiter(source)

    class Wrapper:
        """Wrapping is not closing."""

        def __aiter__(self) -> Wrapper:
            return self

        async def __anext__(self) -> Any:
            return await asyncio.shield(asyncio.ensure_future(anext(iterator)))

    with pytest.raises(AssertionError, match=r"expected the source to be closed .* after item 2; it is not"):
        run(assert_streams(app_of(Wrapper), source=source))


def test_an_application_that_goes_on_without_its_reader_is_found() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            await send({"type": "http.response.body", "body": b"1\n", "more_body": True})
            await asyncio.sleep(1)

    with pytest.raises(
        AssertionError, match="expected the application to return when its reader leaves; it went on"
    ):
        run(assert_streams(app))
    # From this version on a `send` tells.
    with pytest.raises(AssertionError, match="went on"):
        run(assert_streams(ASGITransport(app, spec_version="2.3")))
    run(assert_streams(ASGITransport(app, spec_version="2.4")))


def test_a_transport_that_is_in_use_is_left_as_it_is() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app_of(apart)(scope, receive, send)
            return
        for half in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{half}"
            await send({"type": f"lifespan.{half}.complete"})

    async def main() -> None:
        async with ASGITransport(app, lifespan=True) as transport:
            await assert_streams(transport)
            await assert_streams(transport)

    run(main())


def test_a_task_that_is_left_is_found() -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def leaves_one() -> AsyncGenerator[int, None]:
        tasks.append(asyncio.create_task(asyncio.sleep(3600), name="a heartbeat"))
        async for item in apart():
            yield item

    with pytest.raises(AssertionError, match=r"expected no task to be left; 1 are: .*a heartbeat"):
        run(assert_streams(app_of(leaves_one)))


def test_a_task_that_ends_in_a_moment_is_not_left() -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def soon() -> AsyncGenerator[int, None]:
        try:
            async for item in apart():
                yield item
        finally:
            tasks.append(asyncio.create_task(asyncio.sleep(0.5)))

    run(assert_streams(app_of(soon)))


def test_a_refusal_is_no_stream() -> None:
    with pytest.raises(AssertionError, match="expected a stream, got status 406"):
        run(assert_streams(app_of(apart), headers={"accept": "image/png"}))


def test_a_source_of_one_item_tells_nothing() -> None:
    with pytest.raises(ValueError, match="at least 2 items"):
        run(assert_streams(app_of(apart), source=Probe([1])))


def test_a_probe_makes_what_it_is_told_to() -> None:
    async def main() -> None:
        source = Probe("abc")
        iterator = aiter(source)
        source.release(2)
        assert [await anext(iterator), await anext(iterator)] == ["a", "b"]
        waiting = asyncio.ensure_future(anext(iterator, "end"))
        await asyncio.sleep(1)
        assert (source.made, source.closed, waiting.done()) == (2, False, False)
        source.release()
        assert [await waiting, await anext(iterator, "end")] == ["c", "end"]
        assert (len(source), source.made, source.closed) == (3, 3, True)

    run(main())
