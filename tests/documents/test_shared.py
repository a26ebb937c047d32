"""One part at several places, at one time or another, and parts that contain themselves."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import JSON, GrowingText, Progressive
from tailrace._filling.hole import Hole
from tailrace._filling.lineage import Lineage
from tests.documents.parts import growing, later, read, run
from tests.pump.client import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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
            kept.append(sum(type(one) in (Hole, Lineage) for one in gc.get_objects()))
            pending.set_result(1)

        await Exchange().run({"rows": rows()}, formats=[Progressive()])

    kept: list[int] = []
    asyncio.run(scenario())
    assert kept[0] < 400


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


def test_one_list_that_ends_at_any_moment_is_whole_everywhere() -> None:
    async def turns(count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    class Rows:
        async def __aiter__(self) -> AsyncIterator[str]:
            yield "first"
            await asyncio.sleep(0)

    async def rows(before: int, between: int) -> AsyncIterator[Any]:
        one = Rows()
        yield asyncio.sleep(0.0005, 1)
        await turns(before)
        yield [one]
        await turns(between)
        yield one

    for before in range(4):
        for between in range(6):
            value = read(lambda one=before, other=between: {"x": rows(one, other)}).value
            assert [*map(repr, value["x"])] == ["1", "[['first']]", "['first']"]


def test_a_chain_of_parts_that_are_gone_is_not_kept() -> None:
    async def scenario() -> None:
        future = asyncio.get_running_loop().create_future

        async def rows() -> AsyncIterator[Any]:
            one = future()
            for number in range(500):
                following = future()
                yield [one]
                yield [following]
                one.set_result({"n": number, "next": following})
                await later(None, 5)
                one = following
            gc.collect()
            kept.append(sum(type(each) is Lineage for each in gc.get_objects()))
            one.set_result(None)

        await Exchange().run({"rows": rows()}, formats=[Progressive()])

    kept: list[int] = []
    asyncio.run(scenario())
    assert kept[0] < 100
