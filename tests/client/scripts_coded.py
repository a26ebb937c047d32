"""Bodies that are compressed, well or not."""

from __future__ import annotations

import zlib
from typing import Any, Final

from tailrace import Limits
from tailrace._compress import zstd_module
from tailrace.errors import DecodeError, LimitExceeded, Truncated
from tests.client.script import (
    ASK,
    HANG,
    LAST,
    RESET,
    Handed,
    Script,
    Wrong,
    chunk,
    ending,
    flowing,
    get,
    gzip,
    numbered,
    sized,
)

LINES: Final = "application/x-ndjson"
EVENTS: Final = "text/event-stream"


def coded(name: str, coding: str, body: bytes, items: list[Any], **more: Any) -> Script:
    return Script(name, [(ASK, sized(LINES, body, f"Content-Encoding: {coding}"))], items, **more)


def deflated(data: bytes, window: int) -> bytes:
    packer = zlib.compressobj(wbits=window)
    return packer.compress(data) + packer.flush()


def flushed(*pieces: bytes) -> list[bytes]:
    """One member, flushed behind each piece, and its end."""
    packer = zlib.compressobj(wbits=31)
    return [*(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces), packer.flush()]


zstd: Final[Any] = zstd_module()


def _wide(data: bytes) -> bytes:
    """A frame for which a reader needs 128 MiB, and be it never so small."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    return packer.compress(data, packer.FLUSH_BLOCK) + packer.flush()


FIRST, SECOND, END = flushed(b"1\n", b"2\n")
FIRST_EVENT, SECOND_EVENT, _ = flushed(numbered(1), b"data: 2")
GZIP: Final = "Content-Encoding: gzip"
WIDE: Final = _wide(b"1\n")

SCRIPTS: Final = [
    coded("gzip", "gzip", gzip(b"1\n2\n"), [1, 2], requests=[get(accept_encoding="zstd, gzip, deflate")]),
    coded("gzip-of-many-members", "gzip", gzip(b"1\n") + gzip(b"2") + gzip(b"3\n"), [1, 23]),
    coded("gzip-with-zeros-behind", "gzip", gzip(b"1\n") + bytes(9), [1]),
    coded("gzip-of-nothing", "gzip", b"", []),
    coded("gzip-in-capitals", "GZip", gzip(b"1\n"), [1]),
    coded("x-gzip", "x-gzip", gzip(b"1\n"), [1]),
    coded("identity", "identity", b"1\n", [1]),
    coded("deflate-in-zlib", "deflate", deflated(b"1\n2\n", 15), [1, 2]),
    coded("deflate-bare", "deflate", deflated(b"1\n2\n", -15), [1, 2]),
    coded("zstd", "zstd", zstd.compress(b"1\n2\n"), [1, 2]),
    coded(
        "zstd-of-many-frames",
        "zstd",
        zstd.compress(b"1\n") + zstd.compress(b"2") + zstd.compress(b"3\n"),
        [1, 23],
    ),
    coded("one-coding-and-none", "identity, gzip,", gzip(b"1\n"), [1]),
    coded(
        "two-codings",
        "gzip, zstd",
        zstd.compress(gzip(b"1\n")),
        [],
        error=Wrong(DecodeError, ("Content-Encoding", "one coding, got 2")),
    ),
    coded("an-unknown-coding", "br", b"1\n", [], error=Wrong(DecodeError, ("'br'", "gzip"))),
    coded("gzip-of-members-that-bring-nothing", "gzip", gzip(b"") * 1000 + gzip(b"1\n"), [1]),
    coded("not-coded-at-all", "gzip", b"1\n2\n", [], error=Wrong(DecodeError, ("Content-Encoding",))),
    coded("zstd-that-is-none", "zstd", b"1\n2\n3\n", [], error=Wrong(DecodeError, ("Content-Encoding",))),
    coded(
        "zstd-that-wants-too-much-memory", "zstd", WIDE, [], error=Wrong(DecodeError, ("Content-Encoding",))
    ),
    Script(
        "gzip-with-a-wrong-sum",
        [
            (
                ASK,
                flowing(LINES, GZIP) + chunk(FIRST),
                Handed(1),
                chunk(SECOND),
                Handed(2),
                chunk(END[:-8] + bytes(8)),
                HANG,
            )
        ],
        [1, 2],
        error=Wrong(DecodeError, ("Content-Encoding",)),
    ),
    coded(
        "gzip-that-is-cut",
        "gzip",
        FIRST + SECOND,
        [1, 2],
        error=Wrong(Truncated, ("inside its compression",)),
    ),
    coded(
        "gzip-that-is-cut-in-its-sum",
        "gzip",
        gzip(b"1\n")[:-3],
        [1],
        error=Wrong(Truncated, ("inside its compression",)),
    ),
    coded(
        "gzip-that-is-cut-in-its-second-member",
        "gzip",
        gzip(b"1\n") + gzip(b"2\n")[:3],
        [1],
        error=Wrong(Truncated),
    ),
    coded("deflate-that-is-cut-in-its-first-byte", "deflate", b"\x78", [], error=Wrong(Truncated)),
    coded("zstd-that-is-cut", "zstd", zstd.compress(b"1\n")[:-1], [], error=Wrong(Truncated)),
    Script(
        "gzip-record-by-record",
        [(ASK, flowing(LINES, GZIP) + chunk(FIRST), Handed(1), chunk(SECOND), Handed(2), RESET)],
        [1, 2],
        error=Wrong(Truncated, ("lost after 2 records",)),
    ),
    Script(
        "gzip-of-events-goes-on",
        [
            (ASK, flowing(EVENTS, GZIP) + chunk(FIRST_EVENT), Handed(1), chunk(SECOND_EVENT) + LAST),
            ending(numbered(2)),
        ],
        [1, 2],
        requests=[get(), get(last_event_id="1")],
    ),
    Script(
        "gzip-of-much-stops-at-the-limit-of-the-whole",
        [(ASK, flowing("image/png", GZIP) + chunk(gzip(b"x" * 500_000)), HANG)],
        [b"x" * 200_000],
        joined=True,
        error=Wrong(LimitExceeded, ("Limits.total",)),
        options={"limits": Limits(total=200_000)},
    ),
    Script(
        "gzip-of-much-stops-at-the-limit-of-a-line",
        [(ASK, flowing(LINES, GZIP) + chunk(gzip(b"1\n" + b"x" * 500_000)), HANG)],
        [1],
        error=Wrong(LimitExceeded, ("Limits.line",)),
        options={"limits": Limits(line=100_000)},
    ),
]
