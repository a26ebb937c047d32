"""How much of a document runs, waits and is written at a time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import JSON, Document, GrowingText, Limits, Progressive
from tests.documents.parts import growing, later, read, run
from tests.pump.client import Exchange, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_no_more_run_at_a_time_than_may() -> None:
    running = most = 0

    async def one(n: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await later(None)
        running -= 1
        return n

    assert read(Document([one(n) for n in range(20)], concurrency=3)).value == list(range(20))
    assert most == 3


def test_none_waits_for_those_inside_it_to_have_their_turn() -> None:
    async def nested(depth: int) -> Any:
        await asyncio.sleep(0)
        return [nested(depth - 1), nested(depth - 1)] if depth else 0

    assert read(Document([nested(3)], concurrency=1)).value == [[[[0, 0], [0, 0]], [[0, 0], [0, 0]]]]


def test_a_list_without_an_end_takes_nobodys_turn() -> None:
    async def scenario() -> None:
        async def for_ever() -> AsyncIterator[int]:
            while True:
                yield 0
                await asyncio.sleep(0)

        exchange = Exchange()
        tree = Document({"ticks": for_ever(), "value": later("there")}, concurrency=1)
        task = asyncio.create_task(exchange.run(tree, formats=[Progressive()]))
        await until(lambda: b'"there"' in exchange.body)
        exchange.left.set()
        await task

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (lambda: Document([later(n) for n in range(11)], holes=10), "more than 10 parts"),
        (lambda: Document({"a": {"b": {"c": later(1)}}}, depth=2), "nested deeper than 2 levels"),
        (lambda: Document({"a": "x" * 100}, size=50), "over 50 bytes"),
    ],
    ids=["holes", "depth", "size"],
)
def test_a_document_over_its_bounds_says_which(
    tree: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = run(tree)
    assert exchange.messages[0]["status"] == 500
    assert message in caplog.text


def test_a_part_over_the_bounds_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def endless() -> Any:
        await asyncio.sleep(0)
        return {"again": endless()}

    reader = read(Document({"deep": endless(), "good": later(1)}, depth=10))
    assert reader.value["good"] == 1
    (pointer,) = reader.problems
    assert pointer == "/deep" + "/again" * 8
    assert "nested deeper than 10 levels" in caplog.text


@pytest.mark.parametrize("format_", [Progressive(), Progressive(1), JSON()], ids=repr)
def test_a_document_may_be_very_deep(format_: Any) -> None:
    async def level(number: int) -> Any:
        return {"in": level(number - 1)} if number else later(1)

    levels = 900  # nearly as many as Python's own limit
    body = run(Document({"a": level(levels)}, depth=levels * 2, problems="p"), formats=[format_]).body
    assert body.count(b'"in"') >= levels
    reader = format_.reader(Limits(depth=levels * 2))
    reader.feed(body)
    reader.finish()
    assert reader.at("/a" + "/in" * levels).value == 1


def test_a_document_that_grows_over_its_size_fails(caplog: pytest.LogCaptureFixture) -> None:
    exchange = run(lambda: Document({"rows": growing(*["x" * 100] * 100)}, size=5000))
    last = json.loads(exchange.body.splitlines()[-1])
    assert last["err"]["status"] == 500
    assert "over 5000 bytes" in caplog.text


def test_lists_and_texts_wait_for_a_client_that_does_not_read() -> None:
    given = 0

    async def rows() -> AsyncIterator[str]:
        nonlocal given
        while True:
            given += 1
            yield "x" * 1000

    async def scenario() -> None:
        read_on = asyncio.Event()

        async def send(message: Any) -> None:
            if message.get("body"):
                await read_on.wait()

        exchange = Exchange(send)
        tree = {"list": rows(), "text": GrowingText(rows())}
        task = asyncio.create_task(exchange.run(tree, formats=[Progressive()]))
        for _ in range(1000):
            await asyncio.sleep(0)
        ahead = given
        assert 10 < ahead < 200
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())


def test_what_gets_ready_together_goes_out_together() -> None:
    exchange = run(lambda: Document([later(n) for n in range(10_000)], concurrency=10_000))
    assert len(exchange.body.splitlines()) == 10_002
    assert len(exchange.messages) < 30


@pytest.mark.parametrize("text", [False, True], ids=["list", "text"])
def test_a_source_that_never_waits_freezes_nobody(text: bool) -> None:  # noqa: FBT001 - a case
    async def scenario() -> None:
        async def for_ever() -> AsyncIterator[str]:
            while True:
                yield "x"

        part = GrowingText(for_ever()) if text else for_ever()
        task = asyncio.create_task(Exchange().run({"a": part}, formats=[Progressive()]))
        async with asyncio.timeout(5):
            await later(None, turns=50)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())


def test_many_lists_do_not_wait_for_one_another() -> None:
    tree = Document([growing(1, 2, 3) for _ in range(100)], holes=100)
    assert read(tree).value == [[1, 2, 3]] * 100


def test_many_lists_that_never_wait_freeze_nobody_together() -> None:
    async def scenario() -> int:
        async def for_ever() -> AsyncIterator[int]:
            while True:
                yield 0

        tree = [for_ever() for _ in range(200)]
        task = asyncio.create_task(Exchange().run(Document(tree, size=1 << 24), formats=[JSON()]))
        turns, end = 0, asyncio.get_running_loop().time() + 0.3
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0)
            turns += 1
        task.cancel()
        await asyncio.wait([task])
        return turns

    assert asyncio.run(scenario()) > 10


def test_a_part_that_stands_at_many_places_counts_at_each() -> None:
    def tree() -> Document:
        def shared(depth: int) -> Any:
            return asyncio.ensure_future(pair(depth))

        async def pair(depth: int) -> Any:
            inner = shared(depth - 1) if depth else "x"
            return [inner, inner]

        return Document({"a": shared(16)}, size=10_000)

    exchange = run(tree, formats=[JSON()])
    assert exchange.messages[0]["status"] == 500


def test_lists_do_not_wait_for_each_other() -> None:
    async def part(n: int) -> int:
        await asyncio.sleep(0.01)
        return n

    async def rows(pause: int) -> AsyncIterator[Any]:
        for n in range(3):
            await asyncio.sleep(0.02 * pause)
            yield {"n": part(n)}

    async def scenario() -> None:
        exchange = Exchange()
        async with asyncio.timeout(5):
            await exchange.run(
                Document({str(n): rows(n + 1) for n in range(4)}, holes=5), formats=[Progressive()]
            )

    asyncio.run(scenario())


def test_a_list_of_lists_waits_for_those_to_end() -> None:
    async def rows() -> AsyncIterator[int]:
        await asyncio.sleep(0.005)
        yield 1

    async def lists() -> AsyncIterator[Any]:
        for _ in range(100):
            yield {"rows": rows()}

    reader = read(lambda: Document({"lists": lists()}, holes=20))
    assert [list(one["rows"]) for one in reader.value["lists"]] == [[1]] * 100
