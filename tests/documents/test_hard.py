"""What went wrong once: each with the least that shows it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pydantic
import pytest

from tailrace import JSON, Deferred, Document, Progressive
from tailrace._filling.hole import Hole
from tailrace.asgi import Stream
from tailrace.errors import EncodeError
from tests.documents.parts import fails, later, read, run
from tests.pump.client import Exchange, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Turned(pydantic.BaseModel):
    b: Any
    a: Any

    @pydantic.model_serializer(mode="wrap")
    def turned(self, handler: Any) -> Any:
        return dict(sorted(handler(self).items()))


@pytest.mark.parametrize(
    ("make", "encoder"),
    [
        (dict, partial(json.dumps, sort_keys=True)),
        (dict, partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)),
        (Turned, None),
    ],
    ids=["json", "orjson", "model"],
)
def test_members_that_are_written_in_another_order_keep_their_values(make: Any, encoder: Any) -> None:
    def tree() -> Any:
        return make(b=later("B"), a=later("A"))

    assert read(tree, encoder=encoder).value == {"a": "A", "b": "B"}
    assert json.loads(run(tree, encoder=encoder, formats=[JSON()]).body) == {"a": "A", "b": "B"}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has no eager tasks before Python 3.12")
def test_tasks_may_be_eager() -> None:
    count = 5000  # of which each would start the next one

    async def at_once(number: int) -> int:
        return number

    def tree() -> Any:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        return Document({"ready": {str(n): at_once(n) for n in range(count)}, "late": later([later(1)])})

    assert read(tree).value == {"ready": {str(n): n for n in range(count)}, "late": [1]}


def test_a_part_that_is_asked_for_and_not_written_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Without(pydantic.BaseModel):
        a: Any

        @pydantic.model_serializer(mode="wrap")
        def nothing(self, handler: Any) -> Any:
            handler(self)
            return {"a": 1}

    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda said: left.append(said.object))
    assert read(lambda: Without(a=later(1))).value == {"a": 1}
    gc.collect()
    assert left == []


@pytest.mark.parametrize("count", [1, 300], ids=["short", "long"])
def test_two_members_of_one_name_are_refused(count: int) -> None:
    rows = [{1: later("A"), "1": "x"}, *[0] * count]
    assert run(Document(rows)).messages[0]["status"] == 500


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_tasks_that_refer_to_one_another_are_closed_once(method: str) -> None:
    async def scenario() -> None:
        tasks: dict[int, Any] = {}

        def user(number: int) -> Any:
            if number not in tasks:
                tasks[number] = asyncio.ensure_future(load(number))
            return tasks[number]

        async def load(number: int) -> Any:
            await asyncio.sleep(0)
            return {"best": user((number + 1) % 30), "last": user((number + 1) % 30)}

        exchange = Exchange(method=method)
        user(0)
        await later(None, 100)
        async with asyncio.timeout(5):
            await exchange.run(Document({"u": user(0)}, depth=5), formats=[Progressive()])

    asyncio.run(scenario())


def test_a_tick_goes_out_at_once_and_not_with_the_next_part() -> None:
    async def scenario() -> None:
        class Slow(pydantic.BaseModel):
            @pydantic.computed_field
            def n(self) -> int:
                time.sleep(0.007)
                return 1

        start = asyncio.Event()

        async def value(number: int) -> Any:
            await start.wait()
            return Slow() if number == 15 else number

        async def rows(number: int) -> AsyncIterator[int]:
            await start.wait()
            yield number

        tree = {
            "v": [value(n) for n in range(16)],
            "l": [rows(n) for n in range(6)],
            "never": asyncio.sleep(60),
        }
        exchange = Exchange()
        task = asyncio.create_task(exchange.run(tree, formats=[Progressive()]))
        await until(lambda: exchange.body != b"")
        start.set()
        await until(lambda: exchange.body.count(b'"end":true') == 6)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())


@pytest.mark.parametrize("format_", [Progressive(), JSON()], ids=repr)
def test_a_list_of_many_parts_waits_for_them(format_: Any) -> None:
    async def rows() -> AsyncIterator[Any]:
        for number in range(500):
            yield later(number)

    body = run(lambda: Document({"rows": rows()}, holes=20), formats=[format_]).body
    reader = format_.reader()
    reader.feed(body)
    reader.finish()
    assert reader.value == {"rows": list(range(500))}


def test_a_list_of_parts_waits_for_the_reader_too() -> None:
    given = 0

    async def rows() -> AsyncIterator[Any]:
        nonlocal given
        while True:
            given += 1
            yield later(given)

    async def scenario() -> None:
        exchange = Exchange(send=lambda message: asyncio.sleep(60 if message.get("body") else 0))
        task = asyncio.create_task(exchange.run({"x": rows()}, formats=[Progressive()]))
        await later(None, 3000)
        assert given < 8000
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scenario())


def test_a_generator_that_swallows_its_cancellation_is_stopped_where_it_goes_on() -> None:
    async def scenario() -> None:
        async def stubborn() -> AsyncIterator[Any]:
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(60)
                yield {"inner": later(1)}

        exchange = Exchange()
        task = asyncio.create_task(exchange.run({"rows": stubborn()}, formats=[Progressive()]))
        await until(lambda: exchange.body != b"")
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([task])
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_what_was_sent_is_not_kept() -> None:
    held: list[int] = []
    others = [one for one in gc.get_objects() if type(one) is Hole]  # of tests before this, kept by whatever

    async def value(number: int) -> str:
        await asyncio.sleep(0.001)
        gc.collect()
        ours = [
            one for one in gc.get_objects() if type(one) is Hole and not any(one is two for two in others)
        ]
        held.append(sum(len(one.part) for one in ours))
        return "x" * 100_000 + str(number)

    async def scenario() -> None:
        await Exchange().run(Document([value(n) for n in range(30)], concurrency=1), formats=[Progressive()])

    asyncio.run(scenario())
    assert max(held) < 300_000


def test_a_chain_of_coroutines_is_as_deep_as_it_is_long() -> None:
    async def chain() -> Any:
        await asyncio.sleep(0)
        return chain()

    reader = read(lambda: Document({"a": chain()}, depth=10))
    assert list(reader.problems) == ["/a"]


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (later, "of type function cannot be written as JSON; call it"),
        ((n for n in range(3)), "make it an async generator, or a list"),
        (Document({}), "give its content"),
        (Future(), "asyncio.wrap_future makes an awaitable of it"),
        (range(3), "make it a list"),
        (object(), "give what can, such as a dict"),
    ],
    ids=["function", "generator", "document", "future", "range", "object"],
)
def test_what_cannot_be_written_comes_with_advice(
    value: Any, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert run({"a": {"b": value}}).messages[0]["status"] == 500
    assert advice in caplog.text
    assert "path $.a.b" in caplog.text


def test_items_that_are_awaitables_are_told_of_documents(caplog: pytest.LogCaptureFixture) -> None:
    one = later(1)
    assert run([one], formats=[JSON()]).messages[0]["status"] == 500
    assert "put the whole into a Document" in caplog.text
    one.close()


def test_only_what_failed_while_it_was_cancelled_is_said_to_have(caplog: pytest.LogCaptureFixture) -> None:
    def tree() -> Any:
        return {"x": fails(ValueError("one")), "y": fails(ValueError("another"))}

    assert run(tree, formats=[JSON()]).messages[0]["status"] == 500
    assert "while it was cancelled" not in caplog.text
    assert "It was the part /x of a document." in caplog.text


@pytest.mark.parametrize("fits", [True, False])
def test_what_a_type_leaves_out_is_closed(
    fits: bool,  # noqa: FBT001 - a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Page(pydantic.BaseModel):
        user: Deferred[int]
        n: int

    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda said: left.append(said.object))
    tree = {"user": later(1), "other": later(2), "n": 1 if fits else "no number"}
    if fits:
        stream = Stream[Page](tree)
        exchange = Exchange()
        asyncio.run(stream(exchange.scope, exchange.receive, exchange.send))
        assert exchange.body == b'{"user":1,"n":1}'
    else:
        with pytest.raises(EncodeError, match=r"\$\.n"):
            Stream[Page](tree)
    del tree
    gc.collect()
    assert left == []
