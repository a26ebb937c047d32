"""What one stream does to the loop that it shares with all others, and to who waits for it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import NDJSON
from tailrace._ferry import Unfinished, _loops
from tailrace.wsgi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

WITHIN = 5.0


def ask(content: Any) -> Any:
    environ = {"REQUEST_METHOD": "GET", "HTTP_ACCEPT": "application/x-ndjson"}
    return iter(Stream(content, formats=[NDJSON()])(environ, lambda *_: None))


def in_time(call: Callable[[], Any]) -> Any:
    """What it returns, in another thread: here a hang is a failure and no time-out."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    thread.join(WITHIN)
    assert results, "hangs"
    return results[0]


def read(body: Any) -> tuple[bytes, str]:
    """What came, and how it ended."""
    parts: list[bytes] = []
    try:
        parts.extend(body)
    except Unfinished:
        return b"".join(parts), "unfinished"
    return b"".join(parts), "whole"


async def one() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("first", [True, False], ids=["at once", "behind an item"])
def test_a_source_that_would_end_the_process_ends_itself(first: bool) -> None:  # noqa: FBT001 - pytest's
    async def leaving() -> AsyncIterator[int]:
        if not first:
            yield 1
        sys.exit(3)

    body, how = in_time(lambda: read(ask(leaving())))
    assert how == ("whole" if first else "unfinished")
    assert (b"Internal Server Error" in body) is True
    assert in_time(lambda: read(ask(one()))) == (b"1\n", "whole")


def test_a_source_that_cancels_everything_ends_itself() -> None:
    async def cancelling() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(0.02)  # the response is decided
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(10 * WITHIN)

    _, how = in_time(lambda: read(ask(cancelling())))
    assert how == "unfinished"
    assert in_time(lambda: read(ask(one()))) == (b"1\n", "whole")


def test_a_thread_that_could_not_be_started_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = dict(_loops)
    _loops.clear()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no thread")))
        with pytest.raises(RuntimeError, match="no thread"):
            ask(one())
    assert not _loops
    _loops.update(kept)
    assert in_time(lambda: read(ask(one()))) == (b"1\n", "whole")


def test_who_waits_for_a_run_is_told_that_it_was_closed() -> None:
    async def silent() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(10 * WITHIN)

    body = ask(silent())
    first = next(body)
    while b"1\n" not in first:
        first += next(body)
    ended: list[tuple[bytes, str]] = []
    waiting = threading.Thread(target=lambda: ended.append(read(body)), daemon=True)
    waiting.start()
    time.sleep(0.02)  # so that it does wait: without, this shows less
    body.close()
    waiting.join(WITHIN)
    assert ended == [(b"", "unfinished")]
    assert read(body) == (b"", "unfinished")


def test_a_stream_within_a_stream_would_wait_for_itself() -> None:
    async def asking() -> AsyncIterator[str]:
        with pytest.raises(RuntimeError, match="in a thread"):
            ask(one())
        inner = await asyncio.to_thread(lambda: read(ask(one())))
        yield inner[1]

    assert in_time(lambda: read(ask(asking()))) == (b'"whole"\n', "whole")


def test_what_only_looks_like_werkzeugs_is_an_error_of_the_source() -> None:
    class Own(Exception):
        def get_response(self) -> None:
            """Something else."""

    def failing() -> Iterator[int]:
        raise Own
        yield

    assert b'"status":500' in in_time(lambda: read(ask(failing())))[0]
