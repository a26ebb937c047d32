"""Whatever the tree and the order in which its parts get ready: the reader has what `asyncio.gather` has."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tailrace import JSON, Document, EventStream, Progressive
from tailrace.errors import DecodeError, Truncated
from tests.documents.trees import Finished, built, plans
from tests.pump.client import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = [Progressive(), Progressive(version=1), EventStream(), JSON()]
IDS = ["v2", "v1", "events", "finished"]


LEFT: list[object] = []
"""What was collected with a warning: a coroutine that was never awaited."""


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "unraisablehook", lambda left: LEFT.append(left.object))
    logging.getLogger("tailrace").setLevel(logging.CRITICAL)
    LEFT.clear()
    yield
    logging.getLogger("tailrace").setLevel(logging.NOTSET)


async def answered(format_: Any, plan: Any, **bounds: Any) -> bytes:
    """The body for a tree, when nothing of it is left behind."""
    exchange = Exchange()
    await exchange.run(Document(built(plan), **bounds), formats=[format_])
    assert exchange.reason == "complete"
    await nothing_is_left()
    return exchange.body


async def nothing_is_left() -> None:
    gc.collect(0)
    assert LEFT == []
    await asyncio.sleep(0)  # the listener's last
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def expected(plan: Any, *, grows: bool) -> tuple[Any, set[str]]:
    return await Finished(grows=grows).of(built(plan))


@pytest.mark.parametrize("format_", FORMATS[:3], ids=IDS[:3])
@settings(max_examples=150)
@given(data=st.data(), concurrency=st.sampled_from([1, 2, 32]))
def test_the_reader_has_what_gather_has(format_: Any, data: st.DataObject, concurrency: int) -> None:
    version = getattr(format_, "version", 2)
    plan = data.draw(plans(placeholders=version > 1))

    async def run() -> None:
        value, failed = await expected(plan, grows=version > 1)
        body = await answered(format_, plan, concurrency=concurrency)
        reader = format_.reader()
        reader.feed(body)
        reader.finish()
        assert reader.value == value
        assert set(reader.problems) == failed
        assert reader.open == []

    asyncio.run(run())


@settings(max_examples=150)
@given(plan=plans())
def test_the_finished_document_has_it_too(plan: Any) -> None:
    async def run() -> None:
        value, failed = await expected(plan, grows=False)
        body = await answered(JSON(), plan, problems="what failed")
        document = json.loads(body)
        problems = document.pop("what failed")
        assert document == value
        assert {problem["pointer"] for problem in problems} == failed

    asyncio.run(run())


@pytest.mark.parametrize("format_", FORMATS[:3], ids=IDS[:3])
@settings(max_examples=40)
@given(plan=plans(), data=st.data())
def test_every_proper_prefix_is_cut(format_: Any, plan: Any, data: st.DataObject) -> None:
    body = asyncio.run(answered(format_, plan))
    cuts = st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=20)
    for cut in {*data.draw(cuts), len(body) - 1}:
        reader = format_.reader()
        reader.feed(body[:cut])
        with pytest.raises(Truncated):
            reader.finish()
        assert not reader.complete


@settings(max_examples=40)
@given(plan=plans(fails=False), cut=st.integers(0))
def test_a_cut_finished_document_is_cut(plan: Any, cut: int) -> None:
    body = asyncio.run(answered(JSON(), plan))
    reader = JSON().reader()
    reader.feed(body[: cut % len(body)])
    with pytest.raises(DecodeError):
        reader.finish()


@pytest.mark.parametrize("format_", FORMATS, ids=IDS)
@settings(max_examples=25)
@given(plan=plans(), how=st.sampled_from(["cancelled", "left"]))
def test_nothing_is_left_wherever_it_is_cancelled(format_: Any, plan: Any, how: str) -> None:
    async def run() -> None:
        LEFT.clear()
        turns = 1  # before the first, there is no stream yet
        while await interrupted(format_, built(plan), how, turns):
            turns += 1
            assert turns < 200

    asyncio.run(run())


async def interrupted(format_: Any, tree: Any, how: str, turns: int) -> bool:
    """Whether a request was still under way when it was cancelled, or its client left, after some turns."""
    exchange = Exchange()
    task = asyncio.create_task(exchange.run(Document(tree, concurrency=2, problems="p"), formats=[format_]))
    for _ in range(turns):
        await asyncio.sleep(0)
    under_way = not task.done()
    if how == "cancelled":
        task.cancel()
    exchange.left.set()
    await asyncio.wait([task])
    if not task.cancelled():
        assert task.exception() is None
    del task, tree
    await nothing_is_left()
    return under_way
