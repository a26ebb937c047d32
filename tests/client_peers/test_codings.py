"""Readers of tailrace, and compressed bodies: each item at once, each member, and nothing short for whole."""

from __future__ import annotations

import gzip
import json
import queue
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from tailrace import JSON, NDJSON, Delivery, EventStream, Progressive
from tailrace._compress import zstd_module
from tailrace.errors import DecodeError, Truncated
from tailrace.fastapi import Stream
from tests.client_peers.reading import SHELLS, read
from tests.examples.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tailrace.formats import Format

COUNT = 4
ROWS = [{"n": number, "padding": "x" * 100} for number in range(COUNT)]
LINES = [json.dumps(row).encode() + b"\n" for row in ROWS]
FORMATS: dict[str, Format] = {
    "lines": NDJSON(end=True),
    "array": JSON(),
    "events": EventStream(compress=True),
    "list": Progressive(),
}
_turns: queue.SimpleQueue[None] = queue.SimpleQueue()
"""One for each item that the reader has had."""


def deflated(data: bytes, window: int) -> bytes:
    deflate = zlib.compressobj(wbits=window)
    return deflate.compress(data) + deflate.flush()


def zstd(data: bytes) -> bytes:
    module: Any = zstd_module()
    return bytes(module.compress(data))


BY_HAND: dict[str, tuple[str, Callable[[], list[bytes]]]] = {
    "a member of gzip for each piece, as Django's middleware has it": (
        "gzip",
        lambda: [gzip.compress(line) for line in LINES],
    ),
    "members that are cut anywhere, and padding": (
        "x-gzip",
        lambda: [bytes((byte,)) for line in LINES for byte in gzip.compress(line)] + [b"\0" * 8],
    ),
    "a frame of zstd for each piece": ("zstd", lambda: [zstd(line) for line in LINES]),
    "deflate": ("deflate", lambda: [deflated(b"".join(LINES), zlib.MAX_WBITS)]),
    "deflate without its wrapper": ("deflate", lambda: [deflated(b"".join(LINES), -zlib.MAX_WBITS)]),
    "once, and not at all": ("identity, gzip", lambda: [gzip.compress(b"".join(LINES))]),
}


def create_app() -> FastAPI:
    app = FastAPI()

    def rows() -> Iterator[Any]:
        for row in ROWS:
            yield row
            _turns.get(timeout=5)

    @app.get("/ours/{coding}/{name}")
    def ours(coding: str, name: str) -> Stream:
        delivery = Delivery(compression=(coding,))
        return Stream(rows(), formats=[FORMATS[name]], delivery=delivery)

    @app.get("/by-hand")
    def by_hand(name: str, lacks: int = 0) -> Response:
        coding, pieces = BY_HAND[name]
        body = b"".join(pieces())
        given = [body[:-lacks]] if lacks else pieces()
        headers = {"content-encoding": coding}
        return StreamingResponse(iter(given), headers=headers, media_type="application/x-ndjson")

    return app


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(create_app()) as address:
        yield address


pytestmark = pytest.mark.parametrize("shell", SHELLS)


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize("name", FORMATS)
def test_each_item_comes_at_once(url: str, shell: str, name: str, coding: str) -> None:
    """The next is not made before the reader has had it."""
    seen = read(shell, f"{url}/ours/{coding}/{name}", then=lambda _: _turns.put(None))
    assert (seen.items, seen.error, seen.complete) == (ROWS, None, True)
    assert seen.headers["content-encoding"] == coding


@pytest.mark.parametrize("name", BY_HAND)
def test_in_whatever_pieces_it_is(url: str, shell: str, name: str) -> None:
    seen = read(shell, f"{url}/by-hand", params={"name": name})
    assert (seen.items, seen.error, seen.complete) == (ROWS, None, True)


@pytest.mark.parametrize("name", BY_HAND)
def test_what_ends_too_early_is_cut(url: str, shell: str, name: str) -> None:
    """HTTP says that it was all, and each line that came is whole: only the coding knows better."""
    lacks = 9 if "padding" in name else 1
    seen = read(shell, f"{url}/by-hand", params={"name": name, "lacks": lacks})
    assert isinstance(seen.error, Truncated)
    assert "compression" in str(seen.error)
    assert seen.items == ROWS[: len(seen.items)]
    assert not seen.complete


def test_what_is_not_what_it_says(shell: str) -> None:
    app = FastAPI()

    @app.get("/{coding}")
    def lies(coding: str) -> Response:
        return Response(LINES[0], headers={"content-encoding": coding}, media_type="application/x-ndjson")

    with serving(app) as url:
        for coding in ("gzip", "zstd", "deflate", "br", "gzip, zstd"):
            seen = read(shell, f"{url}/{coding}")
            assert isinstance(seen.error, DecodeError), coding
            assert "Content-Encoding" in str(seen.error)
            assert seen.items == []
