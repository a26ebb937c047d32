"""One document, written again and again in this process; prints what was seen as JSON.

`python -m bench.peers.fill PEER SHAPE COUNT`. The first time says how much memory it takes, those behind it how long.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import uvloop

from bench.peers import naive
from bench.peers.documents import DOCUMENTS, HOLES, MARK, filled
from tailrace import Document, GrowingText, Limits, Progressive
from tailrace.asgi import Stream

if TYPE_CHECKING:
    from tailrace.asgi import Message

Send = Callable[["Message"], Awaitable[None]]

_SECONDS: Final = 0.5
"""For which it is written again, and at least once."""
_LONG: Final = 12.0
"""Seconds for the first time that are all there is."""
_WARM: Final = 3
"""Small ones before all others: what is imported by the first is nobody's memory."""

_SCOPE: Final = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [(b"accept", b"application/x-progressive-json;v=2")],
}
_DEEP: Final = 1 << 20
_MARK: Final = MARK.encode()


async def _receive() -> Message:
    # The client stays.
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def _ours(document: Any, count: int, send: Send, **options: int) -> None:
    whole = Document(document, holes=count + HOLES, depth=_DEEP, **options)
    await Stream(whole)(dict(_SCOPE), _receive, send)


async def _ours_all(document: Any, count: int, send: Send) -> None:
    await _ours(document, count, send, concurrency=count)


async def _naive(document: Any, count: int, send: Send) -> None:
    del count
    await naive.answer(document, send)


async def _orjson(document: Any, count: int, send: Send) -> None:
    del count
    await send({"type": "http.response.body", "body": orjson.dumps(document)})


_PEERS: Final = {"ours": _ours, "ours-all": _ours_all, "naive": _naive, "orjson": _orjson}


def _made(peer: str, shape: str, count: int) -> Any:
    if peer == "orjson":
        return filled(shape, count)
    document = DOCUMENTS[shape](count)
    if shape == "text" and peer.startswith("ours"):
        document["text"] = GrowingText(document["text"])
    return document


async def _once(peer: str, document: Any, count: int, send: Send) -> float:
    gc.collect()
    began = _clocks()
    await _PEERS[peer](document, count, send)
    return _since(began)


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> float:
    """Milliseconds of wall clock or of CPU, whichever is less."""
    return min(now - then for now, then in zip(_clocks(), began, strict=True)) * 1000


class _Tally:
    def __init__(self) -> None:
        self.writes = self.bytes = self.marks = 0

    async def send(self, message: Message) -> None:
        body = message.get("body", b"")
        if body:
            self.writes += 1
            self.bytes += len(body)

    async def look(self, message: Message) -> None:
        """The same, and look for what should be in it."""
        await self.send(message)
        self.marks += message.get("body", b"").count(_MARK)


def _status(name: str) -> int:
    """Bytes that the system says of this process; 0 where it says none."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        # As in `bench.server`: proc(5), /proc/pid/clear_refs.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _read(writes: list[bytes], count: int) -> float:
    """Milliseconds for our reader, as the writes come."""
    gc.collect()
    began = _clocks()
    reader = Progressive().decoder(Limits(holes=count + HOLES, depth=_DEEP))
    for body in writes:
        reader.feed(body)
    reader.finish()
    return _since(began)


def _loaded(writes: list[bytes], count: int) -> float:
    """The same for orjson."""
    del count
    gc.collect()
    began = _clocks()
    orjson.loads(b"".join(writes))
    return _since(began)


_READERS: Final = {"ours": _read, "orjson": _loaded}


async def _measured(peer: str, shape: str, count: int) -> dict[str, Any]:
    for _ in range(_WARM):
        await _once(peer, _made(peer, shape, 1), 1, _Tally().send)
    tally, document = _Tally(), _made(peer, shape, count)
    gc.collect()
    _forget_peak()
    before = _status("VmRSS")
    times = [await _once(peer, document, count, tally.look)]
    extra = _status("VmHWM") - before
    del document
    until = time.perf_counter() + _SECONDS
    while times[0] < _LONG * 1000 and (len(times) == 1 or time.perf_counter() < until):
        times.append(await _once(peer, _made(peer, shape, count), count, _Tally().send))
    read = await _read_times(peer, shape, count) if peer in _READERS else []
    return {**vars(tally), "ms": times[1:] or times, "extra": extra, "read": read}


async def _read_times(peer: str, shape: str, count: int) -> list[float]:
    writes: list[bytes] = []

    async def send(message: Message) -> None:
        writes.append(message.get("body", b""))

    await _once(peer, _made(peer, shape, count), count, send)
    read = _READERS[peer]
    times, until = [read(writes, count)], time.perf_counter() + _SECONDS
    while len(times) == 1 or time.perf_counter() < until:
        times.append(read(writes, count))
    return times[1:]


def main() -> None:
    """Measure, and say so."""
    peer, shape, count = sys.argv[1:]
    print(json.dumps(uvloop.run(_measured(peer, shape, int(count)))))


if __name__ == "__main__":
    main()
