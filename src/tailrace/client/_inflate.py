"""Content codings taken off again (RFC 9110, section 8.4): piece by piece, bounded, to the very end.

httpx2's own stop at the end of a gzip's first member, of which some servers send one for each piece, and take a body
that ends inside one for whole.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from tailrace._compress import zstd_module
from tailrace.errors import DecodeError, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECE: Final = 64 * 1024
"""Bytes that come out at a time, however small what went in."""


class Coding(Protocol):
    """One coding, undone."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data` brings, and a piece without a byte for what brings nothing; raises `DecodeError`."""
        ...

    @property
    def open(self) -> bool:
        """Whether more has to come."""
        ...


class _Deflated:
    """gzip, of any number of members (RFC 1952 2.2), or zlib."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._inflate = zlib.decompressobj(window)
        self._begun = False

    @property
    def open(self) -> bool:
        return self._begun and not self._inflate.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        more = False
        while data or more:
            if self._inflate.eof:
                data = data.lstrip(b"\0")  # padding behind a member
                if not data:
                    return
                self._inflate = zlib.decompressobj(self._window)
            piece = self._piece(data)
            yield piece
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            more = len(piece) == PIECE and not self._inflate.eof

    def _piece(self, data: bytes) -> bytes:
        self._begun = True
        try:
            return self._inflate.decompress(data, PIECE)
        except zlib.error as error:
            raise DecodeError(f"the body is not compressed as its Content-Encoding says: {error}") from None


class _Zlib:
    """deflate: in zlib's wrapper (RFC 1950), or, as some send it, without."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: _Deflated | None = None

    @property
    def open(self) -> bool:
        return bool(self._head) if self._inner is None else self._inner.open

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._head += data
            if len(self._head) < _ZLIB_HEAD:
                return iter(())
            data = self._head
            wrapped = data[0] & 15 == zlib.DEFLATED and (data[0] << 8 | data[1]) % 31 == 0
            self._inner = _Deflated(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        return self._inner.pieces(data)


_ZLIB_HEAD: Final = 2
"""Bytes by which zlib's wrapper is known (RFC 1950 2.2)."""


class _Zstd:
    """zstd (RFC 8878), of any number of frames."""

    def __init__(self) -> None:
        self._module = cast("Any", zstd_module())
        self._options = {self._module.DecompressionParameter.window_log_max: _ZSTD_WINDOW}
        self._inflate = self._frame()
        self._begun = False

    @property
    def open(self) -> bool:
        return self._begun and not self._inflate.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self._begun = True
        while data or not (self._inflate.eof or self._inflate.needs_input):
            if self._inflate.eof:
                self._inflate = self._frame()
            try:
                piece = self._inflate.decompress(data, PIECE)
            except self._module.ZstdError as error:
                raise DecodeError(
                    f"the body is not compressed as its Content-Encoding says: {error}"
                ) from None
            yield piece
            data = self._inflate.unused_data if self._inflate.eof else b""

    def _frame(self) -> Any:
        return self._module.ZstdDecompressor(options=self._options)


_ZSTD_WINDOW: Final = 23
"""The binary logarithm of the memory that a frame may ask for: 8 MiB (RFC 9659)."""


_CODINGS: Final[dict[str, Callable[[], Coding]]] = {
    "gzip": lambda: _Deflated(16 + zlib.MAX_WBITS),
    "x-gzip": lambda: _Deflated(16 + zlib.MAX_WBITS),
    "deflate": _Zlib,
    "zstd": _Zstd,
}
_STEP: Final = 16 * 1024
"""Bytes that go in at a time: what stands behind a member is copied at its end, once for each."""


def accepted() -> str:
    """What a request may ask for in Accept-Encoding."""
    return "gzip, deflate" if zstd_module() is None else "zstd, gzip, deflate"


class Inflater:
    """Takes off what a Content-Encoding field names; raises `DecodeError` for what is not known here.

    And for a second coding: a few bytes of one inside another may be hours of work, and no request asks for two.
    """

    def __init__(self, field: str) -> None:
        names = [name for part in field.split(",") if (name := part.strip().lower()) not in {"", "identity"}]
        unknown = [
            name for name in names if name not in _CODINGS or (name == "zstd" and zstd_module() is None)
        ]
        if unknown:
            raise DecodeError(f"Content-Encoding: {field[:80]!r}: expected one of {accepted()}")
        if len(names) > 1:
            raise DecodeError(f"Content-Encoding: {field[:80]!r}: expected one coding, got {len(names)}")
        self._coding = _CODINGS[names[0]]() if names else None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data` brings, in bounded pieces, each made when it is asked for, in bounded time; some are empty."""
        if self._coding is None:
            return iter((data,))
        return _through(self._coding, data)

    def finish(self) -> None:
        """Raise `Truncated` where the body ends inside its coding."""
        if self._coding is not None and self._coding.open:
            raise Truncated("the body ends inside its compression")


def _through(coding: Coding, data: bytes) -> Iterator[bytes]:
    for begin in range(0, len(data), _STEP):
        yield from coding.pieces(data[begin : begin + _STEP])
