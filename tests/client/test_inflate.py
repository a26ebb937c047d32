"""A coding is taken off a step at a time, however little it brings: whoever reads can give way between two."""

from __future__ import annotations

import zlib
from typing import Any, Final

import pytest

from tailrace._compress import zstd_module
from tailrace.client._inflate import Inflater
from tailrace.errors import DecodeError
from tests.client.script import gzip

MANY: Final = 1000
_zstd: Final[Any] = zstd_module()


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "nothing", "last"),
    [
        ("gzip", gzip(b""), gzip(b"x")),
        ("deflate", bare(b""), bare(b"x")),
        ("zstd", _zstd.compress(b""), _zstd.compress(b"x")),
    ],
    ids=["gzip", "deflate", "zstd"],
)
def test_each_member_is_a_step(coding: str, nothing: bytes, last: bytes) -> None:
    inflater = Inflater(coding)
    pieces = list(inflater.pieces(nothing * MANY + last))
    assert pieces.count(b"") >= MANY
    assert b"".join(pieces) == b"x"
    inflater.finish()


@pytest.mark.parametrize("field", ["", "identity", " , identity,, ", "gzip, identity", ",GZIP ,"])
def test_what_codes_nothing_is_nothing(field: str) -> None:
    coded = gzip(b"x") if "gzip" in field.lower() else b"x"
    assert b"".join(Inflater(field).pieces(coded)) == b"x"


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("gzip, gzip", "one coding, got 2"),
        ("zstd, identity, gzip", "one coding, got 2"),
        ("gzip, gzip, gzip", "one coding, got 3"),
        ("br", "one of zstd, gzip, deflate"),
        ("gzip, br", "one of zstd, gzip, deflate"),
    ],
)
def test_more_than_one_is_refused(field: str, says: str) -> None:
    """A few bytes of one in another are hours of work."""
    with pytest.raises(DecodeError, match=f"Content-Encoding: '{field}': expected {says}"):
        Inflater(field)
