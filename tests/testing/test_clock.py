"""A `Clock` for code that is given one."""

from __future__ import annotations

import asyncio
import inspect
import math
import threading

import pytest

from tailrace.testing import Clock


def test_who_sleeps_by_it_has_slept() -> None:
    clock = Clock(monotonic=5, wall=1000)

    async def main() -> None:
        await clock.sleep(60)
        assert (clock.monotonic(), clock.wall()) == (65, 1060)

    asyncio.run(main())
    assert not clock.wait(0.5, threading.Event())
    assert (clock.monotonic(), clock.wall()) == (65.5, 1060.5)
    assert clock.naps == [60, 0.5]


def test_others_have_their_turn_meanwhile() -> None:
    clock, seen = Clock(), list[str]()

    async def sleeps(name: str) -> None:
        for _ in range(2):
            seen.append(name)
            await clock.sleep(1)

    async def main() -> None:
        await asyncio.gather(sleeps("a"), sleeps("b"))

    asyncio.run(main())
    assert seen == ["a", "b", "a", "b"]
    assert clock.monotonic() == 4


def test_no_time_passes_for_who_need_not_wait() -> None:
    clock, event = Clock(), threading.Event()
    event.set()
    assert clock.wait(60, event)
    assert (clock.monotonic(), clock.naps) == (0, [])


def test_for_ever_is_for_ever() -> None:
    clock = Clock()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await clock.sleep(math.inf)

    asyncio.run(main())
    event = threading.Event()
    threading.Timer(0.01, event.set).start()
    assert clock.wait(math.inf, event)
    assert (clock.monotonic(), clock.naps) == (0, [math.inf, math.inf])


def test_nan_is_no_time() -> None:
    with pytest.raises(ValueError, match="nan"):
        Clock().wait(math.nan, threading.Event())


def test_it_has_what_the_readers_clock_has() -> None:
    real = pytest.importorskip("tailrace.client._clock").Clock

    def methods(kind: type) -> dict[str, inspect.Signature]:
        return {
            name: inspect.signature(value)
            for name, value in vars(kind).items()
            if inspect.isfunction(value) and not name.startswith("_")
        }

    assert methods(Clock) == methods(real)
