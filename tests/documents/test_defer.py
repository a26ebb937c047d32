"""Where parts run: in the context of the handler, and in threads."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import JSON, Document, GrowingText, Progressive, defer
from tests.documents.parts import growing, read
from tests.pump.client import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nobody's")


def test_parts_have_the_handlers_context_each_for_itself() -> None:
    async def seen() -> str:
        value = variable.get()
        variable.set("another part's")
        await asyncio.sleep(0)
        return value

    async def rows() -> AsyncIterator[str]:
        yield await seen()

    async def handler() -> Any:
        variable.set("the handler's")
        tree = [seen(), seen(), rows(), defer(variable.get), seen()]
        exchange = Exchange()
        await exchange.run(Document(tree, concurrency=1), formats=[JSON()])
        return json.loads(exchange.body)

    one = "the handler's"
    assert asyncio.run(handler()) == [one, one, [one], one, one]


def test_defer_runs_in_a_thread_and_leaves_the_loop_free() -> None:
    loop_ran = threading.Event()

    async def free() -> str:
        await asyncio.sleep(0.01)
        loop_ran.set()
        return "free"

    assert read({"a": defer(loop_ran.wait, 5), "b": free()}).value == {"a": True, "b": "free"}


def test_defer_falls_back_and_times_out(caplog: pytest.LogCaptureFixture) -> None:
    async def slow(value: int) -> int:
        await asyncio.sleep(30)
        return value

    def broken() -> int:
        raise ValueError("broken")

    started = time.monotonic()
    reader = read(
        lambda: {
            "late": defer(slow, 1, timeout=0.01),
            "kept": defer(slow, 1, timeout=0.01, fallback=None),
            "blocked": defer(time.sleep, 1, timeout=0.01, fallback="still waiting"),
            "broken": defer(broken, fallback=0),
            "sound": defer(int, "7", timeout=5),
        }
    )
    assert time.monotonic() - started < 0.9
    assert reader.value == {"late": None, "kept": None, "blocked": "still waiting", "broken": 0, "sound": 7}
    assert [problem.status for problem in reader.problems.values()] == [504]
    assert "ValueError: broken" in caplog.text


def test_defer_may_be_awaited_anywhere() -> None:
    async def scenario() -> int:
        return await defer(int, "7")

    assert asyncio.run(scenario()) == 7


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda: defer(5), "expected a function"),
        (lambda: defer(int, timeout=0), "expected seconds"),
        (lambda: defer(int, fallback=defer(int)), "expected a value that is there"),
        (lambda: GrowingText("text"), "expected an async iterable of str"),
        (lambda: Document({}, concurrency=0), "expected a whole number"),
        (lambda: Document({}, holes=1.5), "expected a whole number"),
        (lambda: Document({}, problems=True), "expected the name of a member"),
        (lambda: Document({"p": 1}, problems="p"), "has a member of that name"),
        (lambda: Document([1], problems="p"), "expected a document that is an object"),
        (lambda: Document({}, problems=""), "expected the name of a member"),
        (lambda: GrowingText(growing), r"got function \(call it\)"),
    ],
)
def test_what_is_wrong_is_refused_where_it_is_made(wrong: Any, error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        wrong()


def test_threads_that_nobody_waits_for_count_until_they_return() -> None:
    most = 0
    running = 0
    over = threading.Event()
    lock = threading.Lock()

    def blocked() -> None:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        over.wait(10)
        with lock:
            running -= 1

    async def scenario() -> None:
        for _ in range(5):
            tree = [defer(blocked, timeout=0.02, fallback=None) for _ in range(32)]
            await Exchange().run(Document(tree), formats=[Progressive()])
        over.set()

    asyncio.run(scenario())
    assert most == 100
