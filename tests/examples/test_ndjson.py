"""The server of NDJSON and its readers: what is on the wire, and whole objects for each iteration."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from examples.ndjson import read_aiohttp, read_httpx2, read_requests, read_tailrace
from examples.ndjson.app import create_app, events
from tests.examples.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

INTERVAL = 0.02
TIMEOUT = 10

LINES = [
    f'{{"event_id": {number}, "data": "some random data", "is_last_event": {last}}}\n'.encode()
    for number, last in enumerate(["false"] * 9 + ["true"])
]
OBJECTS = [json.loads(line) for line in LINES]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(create_app(INTERVAL, INTERVAL)) as address:
        yield address


def collected(objects: AsyncIterator[Any], pause: float = 0) -> list[Any]:
    async def collect() -> list[Any]:
        found: list[Any] = []
        async for item in objects:
            found.append(item)
            await asyncio.sleep(pause)
        return found

    return asyncio.run(collect())


@pytest.mark.seed("V1")
def test_the_root_is_a_message(url: str) -> None:
    assert requests.get(url, timeout=TIMEOUT).json() == {"message": "Hello World"}


@pytest.mark.seed("V2")
def test_text_comes_piece_by_piece(url: str) -> None:
    with requests.get(f"{url}/text", stream=True, timeout=TIMEOUT) as response:
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        pieces = list(response.iter_content(None))
    assert b"".join(pieces) == b"some streamed data" * 10
    assert len(pieces) > 1


@pytest.mark.seed("V3")
@pytest.mark.parametrize("accept", ["*/*", "application/x-ndjson"])
def test_the_stream_is_lines_as_json_dumps_writes_them(url: str, accept: str) -> None:
    response = requests.get(f"{url}/stream", headers={"Accept": accept}, timeout=TIMEOUT)
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.content == b"".join(LINES)


@pytest.mark.seed("V3")
def test_the_source_is_a_sync_generator_with_half_a_second_between_two_events() -> None:
    assert inspect.isgeneratorfunction(events)
    assert inspect.signature(create_app).parameters["interval"].default == 0.5


@pytest.mark.seed("V3")
def test_each_event_arrives_before_the_next_is_made() -> None:
    with (
        serving(create_app(0.2)) as url,
        requests.get(f"{url}/stream", stream=True, timeout=TIMEOUT) as response,
    ):
        began = time.monotonic()
        pieces = response.iter_content(None)
        assert next(pieces) == LINES[0]
        assert next(pieces) == LINES[1]
        assert time.monotonic() - began < 0.2 * 9  # of which a buffered response would need ten


@pytest.mark.seed("V3")
def test_the_same_handler_answers_an_array_and_events(url: str) -> None:
    array = requests.get(f"{url}/stream", headers={"Accept": "application/json"}, timeout=TIMEOUT)
    assert array.json() == OBJECTS
    sse = requests.get(f"{url}/stream", headers={"Accept": "text/event-stream"}, timeout=TIMEOUT)
    assert sse.headers["content-type"] == "text/event-stream"
    assert sse.content.count(b"data: {") == 11  # and the end


@pytest.mark.seed("V4")
def test_pieces_of_16_bytes_cut_an_object_and_the_decoder_gives_it_whole(url: str) -> None:
    api = read_requests.API(f"{url}/stream")
    pieces = list(api.pieces())
    assert b"".join(pieces) == b"".join(LINES)
    assert {len(piece) for piece in pieces} <= set(range(1, 17))
    with pytest.raises(json.JSONDecodeError):
        json.loads(pieces[0])
    assert list(api.get()) == OBJECTS


@pytest.mark.seed("V5")
def test_aiohttp_reads_lines(url: str) -> None:
    assert collected(read_aiohttp.API(f"{url}/stream").lines(), pause=2 * INTERVAL) == OBJECTS


@pytest.mark.seed("V6")
def test_requests_reads_lines(url: str) -> None:
    assert list(read_requests.API(f"{url}/stream").lines()) == OBJECTS


READERS: dict[str, Callable[[str], list[Any]]] = {
    "requests": lambda url: list(read_requests.API(url).get()),
    "requests by line": lambda url: list(read_requests.API(url).lines()),
    "aiohttp": lambda url: collected(read_aiohttp.API(url).get()),
    "aiohttp by line": lambda url: collected(read_aiohttp.API(url).lines()),
    "httpx2": lambda url: list(read_httpx2.API(url).get()),
    "tailrace": lambda url: list(read_tailrace.API(url).get()),
    "tailrace, async": lambda url: collected(read_tailrace.API(url).get_async()),
}


@pytest.mark.seed("V7")
@pytest.mark.parametrize("reader", READERS)
def test_each_iteration_gives_a_whole_object(url: str, reader: str) -> None:
    assert READERS[reader](f"{url}/stream") == OBJECTS


@pytest.mark.seed("V7")
@pytest.mark.parametrize("api", [read_requests.API, read_httpx2.API, read_tailrace.API])
def test_each_iteration_gives_it_at_once(api: Callable[[str], Any]) -> None:
    with serving(create_app(0.2)) as url:
        began = time.monotonic()
        objects = api(f"{url}/stream").get()
        assert next(objects) == OBJECTS[0]
        assert next(objects) == OBJECTS[1]
        assert time.monotonic() - began < 0.2 * 9
        objects.close()


@pytest.mark.seed("V7")
def test_each_iteration_gives_it_at_once_on_an_event_loop() -> None:
    async def first_two(url: str) -> tuple[list[Any], float]:
        began = time.monotonic()
        objects: Any = read_tailrace.API(f"{url}/stream").get_async()
        try:
            return [await anext(objects), await anext(objects)], time.monotonic() - began
        finally:
            await objects.aclose()

    with serving(create_app(0.2)) as url:
        found, took = asyncio.run(first_two(url))
    assert found == OBJECTS[:2]
    assert took < 0.2 * 9
