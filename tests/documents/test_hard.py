"""What went wrong once: each with the least that shows it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pydantic
import pytest

from tailrace import JSON, Deferred, Document, GrowingText, Progressive
from tailrace._filling.hole import Hole
from tailrace._filling.lineage import Lineage
from tailrace.asgi import Stream
from tailrace.errors import EncodeError
from tests.documents.parts import fails, growing, later, read, run
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


class Elements:
    """An async iterable that can be put into its own elements."""

    def __init__(self) -> None:
        self.elements: list[Any] = []

    async def __aiter__(self) -> AsyncIterator[Any]:
        for element in self.elements:
            await asyncio.sleep(0)
            yield element


@pytest.mark.parametrize("by", ["itself", "value", "list"])
def test_a_list_that_contains_itself_fails(by: str) -> None:
    def tree() -> Any:
        outer, inner = Elements(), Elements()
        inner.elements = [{"outer": outer}]
        made = {"itself": lambda: outer, "value": lambda: later([outer]), "list": lambda: inner}
        outer.elements = [1, {"inner": made[by]()}, 2]
        return {"outer": outer, "other": later(1), "again": inner if by == "list" else None}

    reader = read(tree)
    assert reader.value["other"] == 1
    assert reader.problems
    for format_ in (JSON(), Progressive(1)):
        assert b"Internal Server Error" in run(tree, formats=[format_]).body


@pytest.mark.parametrize("turns", [0, 1])
def test_one_generator_in_two_texts_is_one_text(turns: int) -> None:
    async def pieces() -> AsyncIterator[str]:
        for piece in ("a", "b"):
            for _ in range(turns):
                await asyncio.sleep(0)
            yield piece

    def tree(after: int) -> Any:
        one = pieces()
        inner = {"c": GrowingText(one)}
        return {"a": GrowingText(one), "b": later(inner, after) if after else inner}

    assert read(lambda: tree(0)).value == {"a": "ab", "b": {"c": "ab"}}
    assert json.loads(run(lambda: tree(0), formats=[JSON()]).body) == {"a": "ab", "b": {"c": "ab"}}
    reader = read(lambda: tree(20))  # it has ended by then
    assert reader.value["a"] == "ab"
    assert list(reader.problems) == ["/b"]


def test_one_generator_is_not_a_list_and_a_text(caplog: pytest.LogCaptureFixture) -> None:
    def tree() -> Any:
        one = growing("a", "b")
        return {"a": GrowingText(one), "b": [one]}

    assert run(tree).messages[0]["status"] == 500
    assert "a list and a text" in caplog.text


@pytest.mark.parametrize("seconds", [0, 0.001, 0.005])
def test_one_task_in_many_elements_is_written_in_all(seconds: float) -> None:
    async def slowly(value: Any) -> Any:
        await asyncio.sleep(seconds)
        return value

    async def posts(viewer: Any) -> AsyncIterator[Any]:
        for n in range(200):
            await asyncio.sleep(0)
            yield {"n": n, "viewer": viewer, "likes": slowly(n)}

    def tree() -> Any:
        viewer = asyncio.ensure_future(slowly({"name": "Ada"}))
        return {"viewer": viewer, "posts": posts(viewer)}

    for _ in range(5):
        posted = read(tree).value["posts"]
        assert [dict(one) for one in posted] == [
            {"n": n, "viewer": {"name": "Ada"}, "likes": n} for n in range(200)
        ]


@pytest.mark.parametrize("turns", range(6))
def test_one_task_with_a_part_in_it_is_one_part(turns: int) -> None:
    def tree() -> Any:
        one = asyncio.ensure_future(later({"in": later(5)}, turns))
        return {"a": one, "rows": growing(*[{"t": one}] * 6), "b": {"c": one}}

    value = read(tree).value
    assert value["a"] == value["b"]["c"] == {"in": 5}


@pytest.mark.parametrize("format_", [Progressive(), Progressive(1), JSON()], ids=repr)
def test_a_value_that_contains_itself_fails(format_: Any, caplog: pytest.LogCaptureFixture) -> None:
    def tree() -> Any:
        loop = asyncio.get_running_loop()
        one, other = loop.create_future(), loop.create_future()
        loop.call_soon(one.set_result, {"a": other, "b": [other]})
        loop.call_later(0.01, other.set_result, {"a": one, "b": one})
        return {"one": one}

    run(tree, formats=[format_])
    assert "contains itself" in caplog.text


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


def test_a_part_in_many_lists_keeps_none_of_them() -> None:
    async def scenario() -> None:
        pending = asyncio.get_running_loop().create_future()

        async def inner() -> AsyncIterator[Any]:
            yield pending

        async def rows() -> AsyncIterator[Any]:
            for _ in range(2000):
                yield inner()
                await asyncio.sleep(0)
            gc.collect()
            kept.append(sum(isinstance(one, Hole | Lineage) for one in gc.get_objects()))
            pending.set_result(1)

        await Exchange().run({"rows": rows()}, formats=[Progressive()])

    kept: list[int] = []
    asyncio.run(scenario())
    assert kept[0] < 400


@pytest.mark.parametrize("error", [GeneratorExit, type("Stop", (BaseException,), {})])
def test_whatever_a_part_raises_is_its_failure(error: Any, caplog: pytest.LogCaptureFixture) -> None:
    reader = read({"a": fails(error()), "b": later(1)})
    assert (list(reader.problems), reader.value["b"]) == (["/a"], 1)
    assert f"raised {error.__name__}" in caplog.text


def test_what_a_model_has_beyond_its_fields_is_closed_too() -> None:
    class Open(pydantic.BaseModel, extra="allow"):
        pass

    late = later(1)
    run({"bad": object(), "model": Open(late=late)})
    assert inspect.getcoroutinestate(late) == inspect.CORO_CLOSED


def test_one_list_at_many_places_does_not_contain_itself() -> None:
    def tree() -> Any:
        shared, around = Elements(), Elements()
        shared.elements = [{"n": 1}, {"n": 2}]
        around.elements = [shared, {"deeper": later([shared])}]
        return {"shared": shared, "around": around}

    once = [{"n": 1}, {"n": 2}]
    whole = {"shared": once, "around": [once, {"deeper": [once]}]}
    assert read(tree).value == whole
    assert json.loads(run(tree, formats=[JSON()]).body) == whole


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


def test_a_task_that_stands_again_where_it_has_just_arrived() -> None:
    def tree() -> Any:
        task = asyncio.ensure_future(later("U", 9))

        async def rows() -> AsyncIterator[Any]:
            yield {"user": await task, "again": task}

        return {"a": task, "rows": rows()}

    assert read(tree).value == {"a": "U", "rows": [{"user": "U", "again": "U"}]}


def test_what_fails_at_once_fails_in_every_part_that_has_it() -> None:
    def tree() -> Any:
        async def fails() -> None:
            raise ValueError

        shared = fails()

        async def part() -> Any:
            await later(None, 5)
            return {"x": shared}

        return {"a": part(), "b": part()}

    assert set(read(tree).problems) == {"/a/x", "/b/x"}


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

    async def value(number: int) -> str:
        await asyncio.sleep(0.001)
        gc.collect()
        held.append(sum(len(one.part) for one in gc.get_objects() if type(one) is Hole))
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
        (object(), "give what can, such as a dict"),
    ],
    ids=["function", "generator", "document", "object"],
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
