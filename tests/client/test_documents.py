"""Documents that come piece by piece: parts that are waited for, changes and pictures, in both shells."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest

from tailrace import Document
from tailrace.client import connect, sync
from tailrace.errors import StreamFailed, Truncated
from tests.client.leaving import Troubles, served, settled
from tests.client.script import ASK, EVENTS, HANG, LAST, QUICK, RESET, Handed, chunk, event, flowing
from tests.client.script_server import ScriptServer

if TYPE_CHECKING:
    from tests.client.script import Step

PARTS: Final = flowing("application/x-progressive-json;v=2")
ROOT: Final = b'{"v":2,"id":0,"set":{"a":null,"b":[],"c":null},"meta":{"a":1,"b":2,"c":3}}\n'
A: Final = b'{"id":1,"set":"A"}\n'
B: Final = [b'{"id":2,"push":[1,2]}\n', b'{"id":2,"push":[3]}\n', b'{"id":2,"end":true}\n']
C: Final = b'{"id":3,"err":{"title":"No","status":500}}\n'
DONE: Final = b'{"done":6}\n'
WHOLE: Final[tuple[Step, ...]] = (
    ASK,
    PARTS + chunk(ROOT),
    Handed(1),
    chunk(A),
    Handed(2),
    *map(chunk, B),
    Handed(3),
    chunk(C + DONE) + LAST,
)


async def waits_for_parts(server: ScriptServer) -> None:
    troubles = Troubles()
    async with connect(server.url) as page:
        assert page.kind == "document"
        assert page.value == {"a": None, "b": [], "c": None}
        assert sorted(page.open) == ["/a", "/b", "/c"]
        server.handed(1)
        assert await page["a"] == "A"
        server.handed(2)
        assert [one async for one in page["b"]] == [1, 2, 3]
        assert not page.complete
        server.handed(3)
        with pytest.raises(StreamFailed):
            await page.at("/c")
        with pytest.raises(StreamFailed):
            await page.document
        assert list(page.problems) == ["/c"]
    await settled()
    troubles.check()


def test_async_parts() -> None:
    with served(*WHOLE) as (server, _):
        asyncio.run(waits_for_parts(server))


def test_sync_parts() -> None:
    with served(*WHOLE) as (server, _), sync.connect(server.url) as page:
        assert page.kind == "document"
        server.handed(1)
        assert page["a"].result() == "A"
        server.handed(2)
        assert list(page["b"]) == [1, 2, 3]
        assert not page.complete
        server.handed(3)
        with pytest.raises(StreamFailed):
            page.at("/c").result()
        assert list(page.problems) == ["/c"]


async def misses_no_change(server: ScriptServer) -> list[Any]:
    """One follows the changes while another waits for a part, and so reads on."""
    async with connect(server.url) as page:
        changes = aiter(page.changes())
        seen = [await anext(changes)]
        server.handed(1)
        assert await page["a"] == "A"
        server.handed(3)
        return [*seen, *[change async for change in changes]]


def check_changes(changes: list[Any]) -> None:
    assert [(one.verb, list(one.pointers)) for one in changes] == [
        ("set", [""]),
        ("set", ["/a"]),
        ("push", ["/b"]),
        ("push", ["/b"]),
        ("end", ["/b"]),
        ("err", ["/c"]),
    ]


def test_async_changes() -> None:
    with served(*WHOLE) as (server, _):
        check_changes(asyncio.run(misses_no_change(server)))


def test_sync_changes() -> None:
    with served(*WHOLE) as (server, _), sync.connect(server.url) as page:
        changes = iter(page.changes())
        seen = [next(changes)]
        server.handed(1)
        assert page["a"].result() == "A"
        server.handed(3)
        check_changes([*seen, *changes])


LATE: Final[tuple[Step, ...]] = (
    ASK,
    PARTS + chunk(b'{"v":2,"id":0,"set":null,"meta":1}\n'),
    Handed(1),
    chunk(b'{"id":1,"set":[7]}\n{"done":2}\n') + LAST,
)
"""The whole is one part that comes later."""


async def pictures(server: ScriptServer, way: str) -> list[Any]:
    async with connect(server.url) as page:
        server.handed(1)
        return [getattr(one, "value", one) async for one in getattr(page, way)()]


@pytest.mark.parametrize("way", ["changes", "snapshots"])
def test_async_a_document_that_comes_late(way: str) -> None:
    with served(*LATE) as (server, _):
        assert asyncio.run(pictures(server, way))[0] == [7]


@pytest.mark.parametrize("way", ["changes", "snapshots"])
def test_sync_a_document_that_comes_late(way: str) -> None:
    with served(*LATE) as (server, _), sync.connect(server.url) as page:
        server.handed(1)
        assert next(getattr(one, "value", one) for one in getattr(page, way)()) == [7]


def test_sync_snapshots_grow() -> None:
    with served(*WHOLE) as (server, _), sync.connect(server.url) as page:
        server.handed(3)
        seen = list(page.snapshots())
    assert seen[0] == {"a": None, "b": [], "c": None}
    assert seen[-1] == {"a": "A", "b": [1, 2, 3], "c": None}


async def closed_while_waiting(server: ScriptServer) -> None:
    troubles = Troubles()
    async with connect(server.url) as page:
        waiting = asyncio.ensure_future(_part(page, "a"))
        server.handed(1)
        await asyncio.sleep(0)
        await page.close()
        with pytest.raises(Truncated, match="/a"):
            await waiting
        assert page.value == {"a": None, "b": [], "c": None}
    await settled()
    troubles.check()


async def _part(page: Any, name: str) -> Any:
    return await page[name]


def test_async_closed_while_a_part_is_waited_for() -> None:
    with served(ASK, PARTS + chunk(ROOT), HANG) as (server, _):
        asyncio.run(closed_while_waiting(server))


def test_sync_closed_while_a_part_is_waited_for() -> None:
    with served(ASK, PARTS + chunk(ROOT), HANG) as (server, _), sync.connect(server.url) as page:
        leaving = threading.Timer(0.05, page.close)
        leaving.start()
        with pytest.raises(Truncated, match="/a"):
            page["a"].result()
        leaving.join()


async def cancelled_while_waiting(server: ScriptServer) -> None:
    troubles = Troubles()
    async with connect(server.url) as page:
        for turns in range(5):
            waiting = asyncio.ensure_future(_part(page, "a"))
            for _ in range(turns):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        server.handed(1)
        assert await page["a"] == "A"
    await settled()
    troubles.check()


def test_async_cancelled_while_a_part_is_waited_for() -> None:
    with served(ASK, PARTS + chunk(ROOT), Handed(1), chunk(A), HANG) as (server, _):
        asyncio.run(cancelled_while_waiting(server))


CUT: Final[tuple[Step, ...]] = (ASK, PARTS + chunk(ROOT), Handed(1), chunk(A), RESET)


async def cut_while_waiting(server: ScriptServer) -> None:
    async with connect(server.url) as page:
        server.handed(1)
        assert await page["a"] == "A"
        with pytest.raises(Truncated):
            await page["c"]
        with pytest.raises(Truncated):
            [one async for one in page["b"]]
        assert page.value == {"a": "A", "b": [], "c": None}
        assert not page.complete


def test_async_cut_while_a_part_is_waited_for() -> None:
    with served(*CUT) as (server, _):
        asyncio.run(cut_while_waiting(server))


def test_sync_cut_while_a_part_is_waited_for() -> None:
    with served(*CUT) as (server, _), sync.connect(server.url) as page:
        server.handed(1)
        assert page["a"].result() == "A"
        with pytest.raises(Truncated):
            page["c"].result()
        with pytest.raises(Truncated):
            list(page["b"])
        assert page.value == {"a": "A", "b": [], "c": None}


def test_sync_a_part_across_a_reconnect() -> None:
    script = [
        (ASK, EVENTS + chunk(event(ROOT.decode().strip(), id="1")), Handed(1), RESET),
        (ASK, EVENTS + chunk(event(A.decode().strip(), id="2")), HANG),
    ]
    with ScriptServer(script) as server, sync.connect(server.url, Document, resume=QUICK) as page:
        server.handed(1)
        assert page["a"].result() == "A"
    server.check()
    assert server.asked[1].headers["last-event-id"] == "1"
