"""Readers of server-sent events and of NDJSON: ours, and those that it is measured against.

Each takes the chunks of a body and gives its own events. Of a response a peer sees as little as it needs: what
is measured is the reading, not what brings the bytes.
"""

from __future__ import annotations

import asyncio
import codecs
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import httpx2
import httpx_sse
import orjson
import sseclient
from aiohttp import StreamReader
from aiohttp_sse_client2.client import EventSource
from ld_eventsource.actions import Event as LaunchDarklyEvent
from ld_eventsource.reader import _BufferedLineReader, _SSEReader

from bench.peers.streams import Fields, fields_of_row
from tailrace import NDJSON, EventStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Chunks = list[bytes]


@dataclass(frozen=True)
class Reader:
    """`read` gives what it found, `fields` says what is in one of those, `ready` is what is done beforehand."""

    read: Callable[[Any], Iterable[Any]]
    fields: Callable[[Any], tuple[str | None, str | None, str]]
    ready: Callable[[Chunks], Any] = lambda chunks: chunks


def _ours(chunks: Chunks) -> Iterator[Any]:
    decoder = EventStream().decoder()
    for chunk in chunks:
        yield from decoder.feed(chunk)
    yield from decoder.finish()


class _Response:
    """What the readers of httpx see of a response: its text, decoded as httpx decodes it."""

    headers: Final = {"content-type": "text/event-stream"}
    request: Final = None

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def iter_text(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for chunk in self._chunks:
            if text := decoder.decode(chunk):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text


def _httpx_sse(chunks: Chunks) -> Iterator[Any]:
    response: Any = _Response(chunks)
    return httpx_sse.EventSource(response).iter_sse()


def _httpx2(chunks: Chunks) -> Iterator[Any]:
    response: Any = _Response(chunks)
    # Its own limit is 1 MiB.
    return iter(httpx2.EventSource(response, max_event_size=None))


def _launchdarkly(chunks: Chunks) -> Iterator[Any]:
    found = _SSEReader(_BufferedLineReader.lines_from(chunks)).events_and_comments()
    return (event for event in found if isinstance(event, LaunchDarklyEvent))


def _sseclient(chunks: Chunks) -> Iterator[Any]:
    return sseclient.SSEClient(iter(chunks)).events()


class _OverError(Exception):
    pass


async def _reconnect() -> None:
    raise _OverError


async def _aiohttp_events(chunks: Chunks) -> list[Any]:
    # As of a connection that has been read to its end.
    protocol: Any = SimpleNamespace(
        _reading_paused=False, pause_reading=lambda: None, resume_reading=lambda **_: None
    )
    content = StreamReader(protocol, 1 << 16, loop=asyncio.get_running_loop())
    for chunk in chunks:
        content.feed_data(chunk)
    content.feed_eof()
    source: Any = EventSource("http://localhost", session=SimpleNamespace())
    source._response = SimpleNamespace(status=200, content=content)  # noqa: SLF001 - as if it had connected
    source._reconnection_time *= 0  # noqa: SLF001 - the end of the body is the end
    source.connect = _reconnect
    events: list[Any] = []
    try:
        while True:
            events.append(await anext(source))
    except _OverError:
        return events


def _aiohttp(chunks: Chunks) -> list[Any]:
    return asyncio.run(_aiohttp_events(chunks))


def _our_rows(chunks: Chunks) -> Iterator[Any]:
    decoder = NDJSON().decoder()
    for chunk in chunks:
        yield from decoder.feed(chunk)
    yield from decoder.finish()


def _lines(chunks: Chunks) -> list[bytes]:
    return b"".join(chunks).splitlines()


def _ready_rows(lines: list[bytes]) -> Iterator[Any]:
    for line in lines:
        yield orjson.loads(line)


def _httpx2_rows(loads: Callable[[str], Any]) -> Callable[[Chunks], Iterator[Any]]:
    def read(chunks: Chunks) -> Iterator[Any]:
        for line in httpx2.Response(200, content=iter(chunks)).iter_lines():
            yield loads(line)

    return read


def _named(event: Any) -> tuple[str | None, str | None, str]:
    return event.event, event.id, event.data


READERS: Final = {
    "ours": Reader(_ours, _named),
    "httpx-sse": Reader(_httpx_sse, _named),
    "httpx2": Reader(_httpx2, _named),
    "launchdarkly": Reader(_launchdarkly, lambda event: (event.event, event.last_event_id, event.data)),
    "sseclient-py": Reader(_sseclient, _named),
    "aiohttp-sse-client2": Reader(_aiohttp, lambda event: (event.type, event.last_event_id, event.data)),
    "our-rows": Reader(_our_rows, fields_of_row),
    "ready": Reader(_ready_rows, fields_of_row, _lines),
    "lines-orjson": Reader(_httpx2_rows(orjson.loads), fields_of_row),
    "lines-json": Reader(_httpx2_rows(json.loads), fields_of_row),
}


def fields(reader: Reader, events: Iterable[Any]) -> Iterator[Fields]:
    """What is in the events; an id that a reader gives only with its own event stays until the next one."""
    last_event_id = ""
    for event in events:
        name, id_, data = reader.fields(event)
        last_event_id = last_event_id if id_ is None else id_
        yield name or "message", last_event_id, data
