"""What goes wrong between a server of NDJSON and its readers: a slow reader, a failed source, a line that is cut."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import requests
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from examples.ndjson import read_aiohttp, read_tailrace
from tailrace import NDJSON
from tailrace.errors import StreamFailed
from tailrace.fastapi import Stream
from tests.examples.serving import serving
from tests.examples.test_ndjson import READERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

TIMEOUT = 10
MANY = 60_000
PADDING = "x" * 1000
SEPARATORS = "a\u2028b\u2029c\u0085d"
FORMATS = [NDJSON()]


@pytest.mark.seed("V5")
@pytest.mark.parametrize(
    "get",
    [lambda url: read_aiohttp.API(url).get(), lambda url: read_tailrace.API(url).get_async()],
    ids=["aiohttp", "tailrace"],
)
def test_the_server_waits_for_a_slow_reader_and_nothing_is_lost(
    get: Callable[[str], AsyncIterator[Any]],
) -> None:
    written = 0
    app = FastAPI()

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal written
        for number in range(MANY):
            written += 1
            yield {"n": number, "padding": PADDING}

    @app.get("/rows")
    def stream() -> Stream:
        return Stream(rows(), formats=FORMATS)

    async def stands_still(seconds: float = 0.5, deadline: float = 10) -> int:
        """How far the source is, once it has not moved for that long."""
        began = since = time.monotonic()
        before = written
        while time.monotonic() - since < seconds:
            assert time.monotonic() - began < deadline, "the source runs on"
            await asyncio.sleep(0.02)
            if written != before:
                before, since = written, time.monotonic()
        return before

    async def read(url: str) -> tuple[int, list[int]]:
        objects = get(f"{url}/rows")
        found = [(await anext(objects))["n"]]
        waiting_at = await stands_still()
        found += [item["n"] async for item in objects]
        return waiting_at, found

    with serving(app) as url:
        waiting_at, found = asyncio.run(read(url))
    assert 0 < waiting_at < MANY
    assert found == list(range(MANY))


def failing() -> Iterator[dict[str, int]]:
    for number in range(3):
        yield {"n": number}
    raise ConnectionError("the database is gone")


@pytest.mark.seed("V7")
@pytest.mark.parametrize("middleware", [False, True], ids=["bare", "middleware"])
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_notices_a_failure(reader: str, *, middleware: bool) -> None:
    """Also behind BaseHTTPMiddleware, which makes the transfer itself look complete."""
    app = FastAPI()

    @app.get("/rows")
    def rows() -> Stream:
        return Stream(failing(), formats=FORMATS)

    @app.get("/three")
    def three() -> Stream:
        return Stream([{"n": number} for number in range(3)], formats=FORMATS)

    if middleware:

        @app.middleware("http")
        async def through(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            return await call_next(request)

    with serving(app) as url:
        assert READERS[reader](f"{url}/three") == [{"n": 0}, {"n": 1}, {"n": 2}]
        with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has a word of its own for it
            READERS[reader](f"{url}/rows")
    if middleware:
        assert caught.type is (json.JSONDecodeError if "line" in reader else StreamFailed)


def requests_lines(url: str) -> list[str]:
    with requests.get(url, stream=True, timeout=TIMEOUT) as response:
        response.encoding = "utf-8"
        return list(response.iter_lines(decode_unicode=True))


def httpx2_lines(url: str) -> list[str]:
    with httpx2.stream("GET", url, timeout=TIMEOUT) as response:
        return list(response.iter_lines())


@pytest.fixture(scope="module")
def separators() -> Iterator[str]:
    """The same item, written by tailrace, by tailrace with another encoder, and by hand."""
    app = FastAPI()
    dumps = partial(json.dumps, ensure_ascii=False)

    @app.get("/ours")
    def ours() -> Stream:
        return Stream([SEPARATORS], formats=FORMATS)

    @app.get("/another-encoder")
    def another_encoder() -> Stream:
        return Stream([SEPARATORS], formats=FORMATS, encoder=dumps)

    @app.get("/by-hand")
    def by_hand() -> StreamingResponse:
        return StreamingResponse(iter([dumps(SEPARATORS) + "\n"]), media_type="application/x-ndjson")

    with serving(app) as address:
        yield address


LINE_READERS = pytest.mark.parametrize("lines", [requests_lines, httpx2_lines])


@pytest.mark.seed("V6")
@LINE_READERS
@pytest.mark.parametrize("path", ["ours", "another-encoder"])
def test_a_line_separator_in_an_item_cuts_no_line(
    separators: str, lines: Callable[[str], list[str]], path: str
) -> None:
    assert [json.loads(line) for line in lines(f"{separators}/{path}")] == [SEPARATORS]


@pytest.mark.seed("V6")
@LINE_READERS
def test_by_hand_it_does(separators: str, lines: Callable[[str], list[str]]) -> None:
    assert lines(f"{separators}/by-hand") == ['"a', "b", "c", 'd"']


@pytest.mark.seed("V7")
@pytest.mark.parametrize("path", ["ours", "another-encoder", "by-hand"])
def test_whole_objects_whatever_is_in_them(separators: str, path: str) -> None:
    assert list(read_tailrace.API(f"{separators}/{path}").get()) == [SEPARATORS]
