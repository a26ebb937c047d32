"""Compression of a body under way (RFC 9110, section 8.4): one member, flushed with every piece."""

from __future__ import annotations

import zlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from tailrace._media import weighted_codings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GZIP_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 1
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class Compressor(Protocol):
    """Compresses one body."""

    def compress(self, data: bytes, /, *, end: bool) -> bytes:
        """What a reader needs to have all of `data`; and with `end` to know that it has the whole body."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._member = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW)

    def compress(self, data: bytes, /, *, end: bool) -> bytes:
        return self._member.compress(data) + self._member.flush(zlib.Z_FINISH if end else zlib.Z_SYNC_FLUSH)


class _Zstd:
    def __init__(self) -> None:
        self._frame: Any = _zstd().ZstdCompressor(_ZSTD_LEVEL)

    def compress(self, data: bytes, /, *, end: bool) -> bytes:
        flush = self._frame.FLUSH_FRAME if end else self._frame.FLUSH_BLOCK
        return cast("bytes", self._frame.compress(data, flush))


_COMPRESSORS: Final[dict[str, Callable[[], Compressor]]] = {"zstd": _Zstd, "gzip": _Gzip}


@cache
def zstd_module() -> Any | None:
    """The standard library's module from Python 3.14 on, before that the same one as a package; None without either."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def _zstd() -> Any:
    module = zstd_module()
    if module is None:
        raise ImportError(
            "compression with zstd needs Python 3.14 or later, or: pip install 'tailrace[zstd]'"
        )
    return module


def check_codings(codings: Sequence[str]) -> None:
    """Raise `ImportError` unless each of `codings` can be written here."""
    if "zstd" in codings:
        _zstd()


def choose_coding(fields: Sequence[str], codings: Sequence[str]) -> str | None:
    """The coding that a request's Accept-Encoding asks for; None for none (RFC 9110 12.5.3).

    Ties go to the first of `codings`. A malformed field asks for nothing.
    """
    weights = weighted_codings(fields)
    if weights is None:
        return None
    best, most = None, weights.get("identity", 0.0)
    for coding in codings:
        weight = weights.get(coding, weights.get("x-" + coding, weights.get("*", 0.0)))
        if weight > 0 and (weight > most or (best is None and weight >= most)):
            best, most = coding, weight
    return best


def compressor(coding: str) -> Compressor:
    """A new compressor for one body."""
    return _COMPRESSORS[coding]()
