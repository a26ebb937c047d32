"""A `JumpingLoop` lets time pass at once where nobody has anything to do but wait."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

import tailrace._drive
from tailrace.testing import JumpingLoop, run


def here() -> JumpingLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    return loop


def pumps_time() -> float:
    now: float = vars(tailrace._drive)["monotonic"]()
    return now


def test_an_hour_takes_no_time() -> None:
    async def main() -> tuple[float, list[float]]:
        await asyncio.sleep(3600)
        await asyncio.sleep(0.5)
        return here().time(), here().jumps

    began = time.monotonic()
    assert run(main()) == (3600.5, [3600, 0.5])
    assert time.monotonic() - began < 60


def test_a_week_and_all_time() -> None:
    async def main() -> float:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(7 * 24 * 3600):
                await asyncio.sleep(math.inf)
        with anyio.move_on_after(5):
            await anyio.sleep_forever()
        return here().jumped

    assert run(main()) == 7 * 24 * 3600 + 5


def test_the_end_of_all_time_is_not_reached_by_jumps() -> None:
    async def main(before: ThreadPoolExecutor) -> float:
        timer = here().call_later(math.inf, print)
        said = asyncio.Event()

        def says() -> None:
            time.sleep(0.05)
            here_before.call_soon_threadsafe(said.set)

        here_before = here()
        before.submit(says)
        await said.wait()
        timer.cancel()
        return here_before.time()

    with ThreadPoolExecutor(1) as before:
        before.submit(int).result()
        assert run(main(before)) == 0


def test_the_same_turn_of_events_gives_the_same_times() -> None:
    async def tick(name: str, every: float, seen: list[tuple[float, str]]) -> None:
        for _ in range(3):
            await asyncio.sleep(every)
            seen.append((here().time(), name))

    async def main() -> list[tuple[float, str]]:
        seen: list[tuple[float, str]] = []
        await asyncio.gather(tick("a", 2, seen), tick("b", 3, seen))
        return seen

    expected = [(2, "a"), (3, "b"), (4, "a"), (6, "b"), (6, "a"), (9, "b")]
    assert [run(main()) for _ in range(20)] == [expected] * 20


def test_time_stands_still_while_something_happens() -> None:
    async def main() -> float:
        asyncio.get_running_loop().call_later(0.001, lambda: None)
        for _ in range(1000):
            await asyncio.sleep(0)
        time.sleep(0.01)  # noqa: ASYNC251 - the loop is blocked, and its time is its own
        return here().time()

    assert run(main()) == 0


def test_who_asks_for_the_time_again_and_again_ends_too() -> None:
    async def main() -> float:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while True:  # noqa: ASYNC110 - that is what is to end
                    await asyncio.sleep(0)
        return here().time()

    assert run(main()) == pytest.approx(0.5, abs=0.001)


def test_tailrace_goes_by_its_time_while_it_runs_and_not_later() -> None:
    async def main() -> float:
        await asyncio.sleep(1000)
        return pumps_time()

    assert run(main()) == 1000
    assert vars(tailrace._drive)["monotonic"] is time.monotonic


class Coarse(asyncio.SelectorEventLoop):
    """Whose own time is not what the pump needs."""

    def time(self) -> float:
        return super().time() - 1000


def test_other_loops_and_threads_keep_the_real_time() -> None:
    async def real() -> float:
        return pumps_time()

    async def main() -> tuple[float, float]:
        def another() -> float:
            with asyncio.Runner(loop_factory=Coarse) as runner:
                return runner.run(real())

        real_time = await asyncio.to_thread(another)
        return pumps_time(), real_time

    jumped, real_time = run(main())
    assert jumped == 0
    assert real_time == pytest.approx(time.monotonic(), abs=60)


def test_two_loops_in_two_threads_each_have_their_own_time() -> None:
    times: list[float] = []

    async def main(seconds: float) -> None:
        await asyncio.sleep(seconds)
        times.append(pumps_time())

    threads = [threading.Thread(target=lambda n=n: run(main(n))) for n in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(times) == [10, 20]
    assert vars(tailrace._drive)["monotonic"] is time.monotonic


def test_a_loop_that_ends_leaves_the_others_their_time() -> None:
    async def main() -> float:
        await asyncio.sleep(1000)
        await asyncio.to_thread(run, asyncio.sleep(5))
        return pumps_time()

    assert run(main()) == 1000


def test_what_is_run_gives_its_result_or_raises() -> None:
    async def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        run(fails())


def test_a_grace_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="grace=-1"):
        JumpingLoop(grace=-1)


@pytest.mark.skipif(sys.platform == "win32", reason="the names of system calls")
def test_it_needs_no_event_loop_policy() -> None:
    loop = JumpingLoop()
    try:
        assert loop.run_until_complete(asyncio.sleep(5, "slept")) == "slept"
        assert (loop.time(), loop.jumped) == (5, 5)
    finally:
        loop.close()
