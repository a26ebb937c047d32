"""Before its time jumps, a `JumpingLoop` waits for those outside it who may have something to say."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tailrace.testing import JumpingLoop, run

if TYPE_CHECKING:
    from collections.abc import Callable


def here() -> JumpingLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    return loop


def test_what_a_thread_has_to_say_comes_before_a_jump() -> None:
    async def main() -> float:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                assert await asyncio.to_thread(works) == "done"
                assert here().time() == 0
                await asyncio.sleep(3600)
        return here().time()

    def works() -> str:
        time.sleep(0.1)
        return "done"

    assert run(main()) == 60


@pytest.mark.parametrize("works_for", [time.sleep, threading.Event().wait])
def test_a_thread_of_ones_own_is_waited_for_too(works_for: Callable[[float], Any]) -> None:
    async def main() -> float:
        loop, said = here(), asyncio.Event()

        def works() -> None:
            works_for(0.1)
            loop.call_soon_threadsafe(said.set)

        thread = threading.Thread(target=works)
        thread.start()
        async with asyncio.timeout(0.001):
            await said.wait()
        thread.join()
        return loop.time()

    assert run(main()) == 0


def test_what_was_given_to_an_executor_is_waited_for_in_whatever_thread() -> None:
    async def main(pool: ThreadPoolExecutor) -> float:
        async with asyncio.timeout(0.001):
            await here().run_in_executor(pool, time.sleep, 0.1)
        return here().time()

    with ThreadPoolExecutor(1) as before:
        before.submit(int).result()
        assert run(main(before)) == 0


def test_control_without_a_grace_a_thread_is_not_waited_for() -> None:
    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            async with asyncio.timeout(0.001):
                await here().run_in_executor(pool, time.sleep, 0.1)

    with pytest.raises(TimeoutError):
        run(main(), grace=0)


def waits_for_an_event(woken: threading.Event, _: Any) -> None:
    woken.wait()


def waits_for_a_queue(woken: threading.Event, given: queue.Queue[int]) -> None:
    def gives() -> None:
        woken.wait()
        given.put(1)

    threading.Thread(target=gives).start()
    given.get()


def waits_for_a_future(woken: threading.Event, _: Any) -> None:
    future: Future[int] = Future()

    def gives() -> None:
        woken.wait()
        future.set_result(1)

    threading.Thread(target=gives).start()
    future.result()


@pytest.mark.parametrize("waits", [waits_for_an_event, waits_for_a_queue, waits_for_a_future])
@pytest.mark.parametrize("whose", ["an executor's", "its own"])
def test_a_thread_that_waits_for_another_is_not_waited_for(waits: Callable[..., None], whose: str) -> None:
    async def main() -> float:
        woken, given = threading.Event(), queue.Queue[int]()
        if whose == "an executor's":
            answer: Any = asyncio.ensure_future(asyncio.to_thread(waits, woken, given))
        else:
            answer = asyncio.get_running_loop().create_future()
            threading.Thread(target=waits, args=(woken, given)).start()
        for _ in range(100):
            await asyncio.sleep(10)
        woken.set()
        if whose == "an executor's":
            await answer
        return here().time()

    began = time.monotonic()
    # Were it waited for, that would take 100 times as long.
    assert run(main(), grace=5) == 1000
    assert time.monotonic() - began < 5


def test_a_thread_that_was_woken_is_waited_for_before_it_has_run() -> None:
    async def main() -> float:
        loop = here()
        for _ in range(50):
            woken, said = threading.Event(), asyncio.Event()

            def works(woken: threading.Event = woken, said: asyncio.Event = said) -> None:
                woken.wait()
                loop.call_soon_threadsafe(said.set)

            threading.Thread(target=works).start()
            await asyncio.sleep(1)
            woken.set()  # it needs the GIL to go on, which is here
            async with asyncio.timeout(1):
                await said.wait()
        return loop.time()

    assert run(main(), grace=5) == 50


def test_threads_of_an_executor_without_work_are_not_waited_for() -> None:
    async def main() -> float:
        with ThreadPoolExecutor(4) as pool:
            await asyncio.gather(*[here().run_in_executor(pool, int) for _ in range(8)])
            await anyio.to_thread.run_sync(int)
            for _ in range(100):
                await asyncio.sleep(10)
            return here().time()

    began = time.monotonic()
    assert run(main(), grace=5) == 1000
    assert time.monotonic() - began < 5


def test_threads_that_were_there_before_speak_to_somebody_else() -> None:
    ended = threading.Event()

    def works() -> None:
        while not ended.wait(0.01):
            pass

    async def main() -> float:
        for _ in range(100):
            await asyncio.sleep(10)
        return here().time()

    thread = threading.Thread(target=works)
    thread.start()
    began = time.monotonic()
    assert run(main(), grace=5) == 1000
    ended.set()
    thread.join()
    assert time.monotonic() - began < 5


def test_what_never_comes_back_is_waited_for_only_so_long() -> None:
    never = threading.Lock()
    never.acquire()

    async def main() -> float:
        waiting = asyncio.ensure_future(asyncio.to_thread(never.acquire))
        await asyncio.sleep(60)
        never.release()
        await waiting
        return here().time()

    began = time.monotonic()
    assert run(main(), grace=0.2) == 60
    assert time.monotonic() - began >= 0.2


def test_sockets_are_waited_for() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async def main() -> tuple[bytes, float]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        def ask() -> bytes:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                time.sleep(0.05)
                connection.sendall(b"x\n")
                return connection.recv(10)

        # Not even the thread is seen: only the socket that it has opened keeps the time from passing.
        asking: Future[bytes] = before.submit(ask)
        async with asyncio.timeout(0.01), server:
            answer = await asyncio.wrap_future(asking)
        return answer, here().time()

    with ThreadPoolExecutor(1) as before:
        before.submit(int).result()
        assert run(main()) == (b"x\n", 0)
