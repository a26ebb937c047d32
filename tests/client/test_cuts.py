"""Bodies that are cut behind each of their bytes: what was complete is delivered, and then the cut is told of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from tailrace import CSV, JSON, NDJSON, Document, Event, EventStream, JSONSeq, Progressive
from tailrace.client import connect, sync
from tailrace.errors import StreamFailed, TailraceError, Truncated
from tests.client.reading import SHELLS
from tests.client.script import ASK, LAST, RESET, chunk, flowing
from tests.client.script_server import ScriptServer
from tests.formats.vector_runner import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.client.script import Step


@dataclass(frozen=True)
class Kind:
    """A format, a body in it, and whether the body itself says that it is all."""

    format: Any
    body: bytes
    certain: bool
    options: dict[str, Any] = field(default_factory=dict[str, Any])


END: Final = b'event: end\nid: ~end\ndata: {"count":2}\n\n'
DOCUMENT: Final = b'{"v":2,"id":0,"set":{"a":null},"meta":{"a":1}}\n{"id":1,"set":2}\n{"done":2}\n'
KINDS: Final = {
    "lines": Kind(NDJSON(), b'12\n{"a":[1]}\n"x"\n', certain=False),
    "lines-that-end": Kind(NDJSON(end=True), b'1\n"x"\n{"end":{"count":2}}\n', certain=True),
    "lines-that-fail": Kind(NDJSON(), b'12\n{"problem":{"title":"No","status":500}', certain=False),
    "array": Kind(JSON(), b'[1, {"a":"]"},"x" ]\n', certain=True),
    "sequence": Kind(JSONSeq(), b'\x1e12\n\x1e{"a":1}\n\x1e"x"\n', certain=False),
    "rows": Kind(CSV(), b'a,b\r\n1,"2"\r\n3,4\r\n', certain=False),
    "events": Kind(
        EventStream(), b"id: 1\ndata: 1\n\ndata: x\r\n\r\n" + END, certain=True, options={"type": Event}
    ),
    "document": Kind(Progressive(), DOCUMENT, certain=True, options={"type": Document}),
}
WAYS: Final[dict[str, tuple[Step, ...]]] = {"reset": (RESET,), "no-last-chunk": (), "good-end": (LAST,)}


@dataclass
class Got:
    items: list[Any] = field(default_factory=list[Any])
    error: TailraceError | None = None


async def all_async(urls: Sequence[str], **options: Any) -> list[Got]:
    found = [Got() for _ in urls]
    async with httpx2.AsyncClient() as client:
        for got, url in zip(found, urls, strict=True):
            try:
                async with connect(url, resume=False, client=client, **options) as page:
                    whole = page.kind == "document"
                    async for item in page.snapshots() if whole else page:
                        got.items.append(item)
            except TailraceError as error:
                got.error = error
    return found


def all_sync(urls: Sequence[str], **options: Any) -> list[Got]:
    found = [Got() for _ in urls]
    with httpx2.Client() as client:
        for got, url in zip(found, urls, strict=True):
            try:
                with sync.connect(url, resume=False, client=client, **options) as page:
                    whole = page.kind == "document"
                    for item in page.snapshots() if whole else page:
                        got.items.append(item)
            except TailraceError as error:
                got.error = error
    return found


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KINDS)
def test_cut_behind_each_byte(name: str, way: str, shell: str) -> None:
    kind = KINDS[name]
    begun = flowing(kind.format.media_types[0], "Incremental: ?1")
    beginnings = [kind.body[:length] for length in range(len(kind.body) + 1)]
    script = [(ASK, begun + (chunk(one) if one else b""), *WAYS[way]) for one in beginnings]
    with ScriptServer(script) as server:
        urls, options = [server.url] * len(script), {"format": kind.format, **kind.options}
        found = all_sync(urls, **options) if shell == "sync" else asyncio.run(all_async(urls, **options))
    server.check()
    for beginning, got in zip(beginnings, found, strict=True):
        check(kind, beginning, got, broken=way != "good-end")


def check(kind: Kind, beginning: bytes, got: Got, *, broken: bool) -> None:
    """Hold what came against what the format's own decoder makes of the same bytes."""
    if kind.options.get("type") is Document:
        check_document(beginning, got)
        return
    alone = read(kind.format.decoder(), [beginning])
    events = isinstance(kind.format, EventStream)
    ended = beginning == kind.body if events else kind.certain and alone.error is None
    assert got.items == [one for one in alone.items if not events or one.event != "end"], beginning
    if isinstance(alone.error, StreamFailed) or not (broken or events):
        assert type(got.error) is type(alone.error), beginning
    else:
        assert type(got.error) is (type(None) if ended else Truncated), beginning


def check_document(beginning: bytes, got: Got) -> None:
    last = DOCUMENT.rindex(b"}") + 1
    assert type(got.error) is (type(None) if len(beginning) > last else Truncated), beginning
    seen = [{"a": None}, {"a": 2}][: beginning.count(b"\n")]
    assert got.items[-1:] == seen[-1:], beginning
