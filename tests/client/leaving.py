"""What the tests about leaving share: a served connection, and a look at what stays behind."""

from __future__ import annotations

import asyncio
import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from tailrace.client import Resume
from tests.client.reading import held
from tests.client.script_server import ScriptServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.client.script import Step

AT_ONCE: Final = 0.2
"""Seconds."""
SLOW: Final = Resume(delay=60.0)


@contextmanager
def served(*steps: Step) -> Iterator[tuple[ScriptServer, list[Any]]]:
    """A server for one connection, and its reader's news; afterwards, nothing may be left of either."""
    before = held()
    news: list[Any] = []
    with ScriptServer([steps]) as server:
        yield server, news
    server.check()
    gc.collect()
    assert held() == before


def telling(server: ScriptServer, news: list[Any]) -> Callable[[Any], None]:
    """What keeps the news, and wakes those who wait for some."""

    def told(one: Any) -> None:
        news.append(one)
        server.wake()

    return told


def check_end(news: list[Any]) -> None:
    """It is said once, and nothing behind it."""
    assert [type(one).__name__ for one in news].count("Closed") == 1
    assert type(news[-1]).__name__ == "Closed"


class Troubles:
    """What an event loop complains about."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.seen.append(context))

    def check(self) -> None:
        """Raise if it has complained, or has tasks left."""
        gc.collect()
        assert not self.seen
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def settled() -> None:
    """Let the loop close what was left in the middle: asynchronous generators, also those of httpx2."""
    for _ in range(10):
        await asyncio.sleep(0)
