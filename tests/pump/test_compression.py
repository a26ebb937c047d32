"""A compressed body is one member, which shows each item at once and has an end only if the stream had one."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import CSV, JSON, NDJSON, Bytes, Delivery, EventStream, Text
from tailrace._compress import choose_coding, zstd_module
from tailrace.asgi import Stream

from .client import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tailrace.formats import Format

try:
    from compression import zstd  # pyright: ignore[reportMissingImports] - of Python 3.14
except ImportError:
    from backports import zstd

BOTH = Delivery(compression=("zstd", "gzip"))


def decompressor(coding: str) -> Any:
    return zstd.ZstdDecompressor() if coding == "zstd" else zlib.decompressobj(16 + zlib.MAX_WBITS)


async def ticks(error: Exception | None = None) -> AsyncIterator[Any]:
    for number in range(5):
        yield {"n": number}
        await asyncio.sleep(0.002)
    if error is not None:
        raise error


def exchange(
    content: Any, format_: Format, accept: str | None, *, method: str = "GET", **options: Any
) -> Exchange:
    async def run() -> Exchange:
        headers = [] if accept is None else [(b"accept-encoding", accept.encode())]
        made = Exchange(headers=headers, method=method)
        return await made.run(content, formats=[format_], **({"delivery": BOTH} | options))

    return asyncio.run(run())


def headers_of(made: Exchange) -> dict[bytes, bytes]:
    return dict(made.messages[0]["headers"])


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_each_send_shows_its_items(coding: str) -> None:
    made = exchange(ticks(), NDJSON(), coding)
    reader = decompressor(coding)
    shown = [reader.decompress(body) for body in made.bodies]
    assert [text for text in shown if text] == [b'{"n":%d}\n' % number for number in range(5)]
    assert reader.eof
    assert reader.unused_data == b""
    assert headers_of(made)[b"content-encoding"] == coding.encode()
    assert headers_of(made)[b"vary"] == b"Accept, Accept-Encoding"


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize(
    ("format_", "end"),
    [
        (NDJSON(), b'{"problem":'),
        (JSON(), b',{"n":4} '),
        (EventStream(compress=True), b"event: problem"),
    ],
    ids=repr,
)
def test_what_failed_has_no_end(format_: Format, end: bytes, coding: str) -> None:
    """All that was yielded is there, and the sign of the failure; to gunzip it is cut."""
    made = exchange(ticks(ValueError()), format_, coding)
    reader = decompressor(coding)
    text = b"".join(reader.decompress(body) for body in made.bodies)
    assert text.count(b'{"n":') == 5
    assert end in text
    assert not reader.eof


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize("format_", [NDJSON(), JSON(), CSV(), Text()], ids=repr)
def test_an_empty_body_is_whole(format_: Format, coding: str) -> None:
    reader = decompressor(coding)
    assert reader.decompress(exchange([], format_, coding).body) == (b"[]" if format_ == JSON() else b"")
    assert reader.eof


@pytest.mark.parametrize(
    ("format_", "content", "compressed"),
    [
        (EventStream(), [1], False),
        (EventStream(compress=True), [1], True),
        (Bytes(), [b"x"], False),
        (Text(), ["x"], True),
        (CSV("a"), [[1]], True),
    ],
    ids=repr,
)
def test_what_is_compressed(format_: Format, content: Any, compressed: bool) -> None:  # noqa: FBT001 - a row of a table
    headers = headers_of(exchange(content, format_, "gzip"))
    assert (b"content-encoding" in headers) == compressed
    assert (b"Accept-Encoding" in headers[b"vary"]) == compressed


def test_nothing_is_compressed_unless_it_is_said() -> None:
    headers = headers_of(exchange([1], NDJSON(), "gzip, zstd", delivery=Delivery()))
    assert b"content-encoding" not in headers
    assert headers[b"vary"] == b"Accept"


def test_what_the_user_has_encoded_stays_as_it_is() -> None:
    made = exchange([1], NDJSON(), "gzip", headers={"Content-Encoding": "x-own"})
    assert headers_of(made)[b"content-encoding"] == b"x-own"
    assert made.body == b"1\n"


def test_head_says_what_get_would() -> None:
    assert headers_of(exchange([1], NDJSON(), "gzip", method="HEAD"))[b"content-encoding"] == b"gzip"


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ([], None),
        ([""], None),
        (["gzip"], "gzip"),
        (["GZIP"], "gzip"),
        (["x-gzip"], "gzip"),
        (["gzip, deflate, br, zstd"], "zstd"),
        (["gzip", "zstd"], "zstd"),
        (["gzip;q=1, zstd;q=0.5"], "gzip"),
        (["zstd;q=0, gzip"], "gzip"),
        (["*"], "zstd"),
        (["*, zstd;q=0"], "gzip"),
        (["*;q=0"], None),
        (["gzip;q=0"], None),
        (["identity"], None),
        (["identity, gzip"], "gzip"),
        (["identity, gzip;q=0.5"], None),
        (["identity;q=0.5, gzip"], "gzip"),
        (["br"], None),
        (["gzip;q=2"], None),
        (["gzip;level=1"], None),
        (["gzip zstd"], None),
        (["gzip;q=."], None),
        (["gzip;q=.5"], "gzip"),
        ([" gzip ; q=0.8 ,, "], "gzip"),
    ],
)
def test_accept_encoding(fields: list[str], chosen: str | None) -> None:
    """RFC 9110 12.5.3; what is malformed asks for nothing."""
    assert choose_coding(fields, BOTH.compression) == chosen


@pytest.mark.parametrize("wrong", ["gzip", ("br",), ("gzip", None), (["gzip"],)])
def test_what_cannot_be_written_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"compression=.*expected a tuple of 'zstd' and 'gzip'"):
        Delivery(compression=wrong)


def test_without_zstd_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError

    monkeypatch.setattr("tailrace._compress.import_module", missing)
    # Which has not found it before.
    monkeypatch.setattr("tailrace._compress.zstd_module", zstd_module.__wrapped__)
    with pytest.raises(ImportError, match=r"tailrace\[zstd\]"):
        Stream([1], delivery=BOTH)
