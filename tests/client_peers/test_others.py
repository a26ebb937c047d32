"""The other way: programs and libraries that never heard of tailrace read its server."""

from __future__ import annotations

import asyncio
import json
import queue
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx2
import jq
import pytest
import requests
from fastapi import FastAPI

from tailrace import JSON, NDJSON, Event, EventStream, JSONSeq
from tailrace.fastapi import Stream
from tests.examples.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tailrace.formats import Format
    from tests.real.programs import Program

COUNT = 4
HALF = 2
TIMEOUT = 10
ROWS = [{"n": number, "name": "Zoë \u2028\r\n"} for number in range(COUNT)]
FORMATS: dict[str, Format] = {
    "lines": NDJSON(),
    "array": JSON(),
    "sequence": JSONSeq(),
    "events": EventStream(retry=50),
}
_turns: queue.SimpleQueue[None] = queue.SimpleQueue()
"""One for each item that the reader has had."""


def create_app() -> FastAPI:
    app = FastAPI()

    def rows(*, fails: bool, waits: bool) -> Iterator[Any]:
        for row in ROWS:
            if fails and row["n"] == HALF:
                raise ConnectionError
            yield row
            if waits:
                _turns.get(timeout=5)

    @app.get("/texts")
    def texts() -> Stream:
        events = [
            Event("two\nlines", event="text", id="1"),
            Event(comment="pause", retry=70),
            Event("", id="ü 2"),
        ]
        return Stream(events, formats=[EventStream()])

    @app.get("/{name}")
    def stream(name: str, *, fails: bool = False, waits: bool = False) -> Stream:
        return Stream(rows(fails=fails, waits=waits), formats=[FORMATS[name]])

    return app


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(create_app()) as address:
        yield address


def go_on(rows: list[Any], row: Any) -> None:
    """The reader has it: the next may be made."""
    rows.append(row)
    _turns.put(None)


def httpx2_events(url: str) -> list[Any]:
    rows: list[Any] = []
    with httpx2.Client(timeout=TIMEOUT) as client, client.sse(f"{url}/events?waits=1") as events:
        for event in events:
            if event.event == "message" and event.data:  # it hands out a `retry:` that stands alone, too
                go_on(rows, event.json())
    return rows


async def httpx2_events_async(url: str) -> list[Any]:
    rows: list[Any] = []
    async with httpx2.AsyncClient(timeout=TIMEOUT) as client, client.sse(f"{url}/events?waits=1") as events:
        async for event in events:
            if event.event == "message" and event.data:  # it hands out a `retry:` that stands alone, too
                go_on(rows, event.json())
    return rows


def requests_lines(url: str) -> list[Any]:
    rows: list[Any] = []
    with requests.get(f"{url}/lines?waits=1", stream=True, timeout=TIMEOUT) as response:
        # As it comes: by default requests waits for 512 bytes.
        for line in response.iter_lines(chunk_size=None):
            go_on(rows, json.loads(line))
    return rows


async def aiohttp_lines(url: str) -> list[Any]:
    rows: list[Any] = []
    async with aiohttp.ClientSession() as session, session.get(f"{url}/lines?waits=1") as response:
        while line := await response.content.readline():
            go_on(rows, json.loads(line))
    return rows


READERS: dict[str, Callable[[str], list[Any]]] = {
    "httpx2 .sse()": httpx2_events,
    "httpx2 .sse(), async": lambda url: asyncio.run(httpx2_events_async(url)),
    "requests iter_lines": requests_lines,
    "aiohttp readline": lambda url: asyncio.run(aiohttp_lines(url)),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_library_has_each_item_at_once(url: str, reader: str) -> None:
    """The next is not made before the reader has had it."""
    assert READERS[reader](url) == ROWS


def test_httpx2_has_every_field_of_an_event(url: str) -> None:
    with httpx2.Client(timeout=TIMEOUT) as client, client.sse(f"{url}/texts") as events:
        seen = [(event.event, event.data, event.id) for event in events if event.data]
        assert events.response.headers["content-type"] == "text/event-stream"
    assert seen == [("text", "two\nlines", "1"), ("end", '{"count":2}', "~end")]


@pytest.mark.parametrize("path", ["lines", "sequence", "events"])
def test_curl_has_each_item_at_once(url: str, curl: Program, path: str) -> None:
    words = [curl.path, "-sN", "--noproxy", "*", f"{url}/{path}?waits=1"]
    rows: list[Any] = []
    with subprocess.Popen(words, env=curl.environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.removeprefix(b"\x1e").removeprefix(b"data: ")
            if text.startswith(b'{"n"'):
                go_on(rows, json.loads(text))
    assert rows == ROWS
    assert process.returncode == 0


JQ = pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
FILTERS = {"lines": ["-c", "."], "array": ["-c", ".[]"], "sequence": ["--seq", "-c", "."]}


def through_jq(curl: Program, url: str, options: list[str]) -> tuple[list[Any], int, int]:
    """What jq makes of what curl fetches, and with what each of them exits."""
    words = [curl.path, "-sN", "--noproxy", "*", url]
    with subprocess.Popen(words, env=curl.environment, stdout=subprocess.PIPE) as fetching:
        filtered = subprocess.run(
            ["jq", *options], stdin=fetching.stdout, capture_output=True, timeout=TIMEOUT, check=False
        )
    rows = [json.loads(line.strip(b"\x1e")) for line in filtered.stdout.splitlines()]
    return rows, fetching.returncode, filtered.returncode


@JQ
@pytest.mark.parametrize("path", FILTERS)
def test_jq_reads_what_curl_fetches(url: str, curl: Program, path: str) -> None:
    assert through_jq(curl, f"{url}/{path}", FILTERS[path]) == (ROWS, 0, 0)


@JQ
@pytest.mark.parametrize("path", FILTERS)
def test_jq_refuses_what_has_failed(url: str, curl: Program, path: str) -> None:
    """Half way; curl says that it was cut, jq that it is no JSON. Of an array it has nothing, for it reads it whole;
    a text of a sequence that is cut it drops without a word (RFC 7464 2.3), so of that only curl knows.
    """
    rows, fetched, filtered = through_jq(curl, f"{url}/{path}?fails=1", FILTERS[path])
    assert rows == ([] if path == "array" else ROWS[:HALF])
    assert fetched == 18
    assert filtered > 0 or path == "sequence"


@pytest.mark.parametrize(("path", "program"), [("lines", "."), ("array", ".[]")])
def test_the_library_of_jq(url: str, path: str, program: str) -> None:
    text = requests.get(f"{url}/{path}", timeout=TIMEOUT).text
    assert jq.compile(program).input_text(text).all() == ROWS
    with requests.get(f"{url}/{path}?fails=1", stream=True, timeout=TIMEOUT) as response:
        pieces = response.iter_content(None)
        failed = next(pieces)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            failed += b"".join(pieces)
    with pytest.raises(ValueError, match=r"parse error"):
        jq.compile(program).input_text(failed.decode()).all()
