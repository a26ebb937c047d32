"""Text and bytes as they are, for what already has a format of its own."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Any, ClassVar

from tailrace._event import Event, says_nothing
from tailrace._json import Encode, ForeignEncoder, NotPlain
from tailrace._media import media_type
from tailrace._model import Limits
from tailrace.errors import EncodeError
from tailrace.formats._base import BaseDecoder, Encoder


@dataclass(frozen=True, slots=True)
class Text:
    """Pieces of text in UTF-8; items are `str`. A failure shows only in the cut-off transfer."""

    media_type: str = "text/plain; charset=utf-8"
    name: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        _check_media_type(self.media_type)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The one that was given."""
        return (self.media_type,)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        del encoder
        return _Encoder(_encode_text, compressible=True)

    def decoder(self, limits: Limits = Limits(), /) -> TextDecoder:
        """A new decoder for one body."""
        return TextDecoder(limits)


@dataclass(frozen=True, slots=True)
class Bytes:
    """Pieces of a file; items are bytes-like. A failure shows only in the cut-off transfer."""

    media_type: str = "application/octet-stream"
    name: ClassVar[str] = "bytes"

    def __post_init__(self) -> None:
        _check_media_type(self.media_type)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The one that was given."""
        return (self.media_type,)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        del encoder
        return _Encoder(_encode_bytes, compressible=False)

    def decoder(self, limits: Limits = Limits(), /) -> BytesDecoder:
        """A new decoder for one body."""
        return BytesDecoder(limits)


class _Encoder(Encoder):
    longest_run = 1  # a piece of a file may be of any size

    def __init__(self, encode: Encode, *, compressible: bool) -> None:
        super().__init__(encode)
        self.compressible = compressible


def _check_media_type(text: Any) -> None:
    if not isinstance(text, str):
        raise TypeError(f"media_type={text!r}: expected a str such as 'text/csv'")
    media_type(text)


def _encode_text(item: Any) -> bytes:
    text = _data(item)
    if not isinstance(text, str):
        raise EncodeError(f"Text() takes items of type str, got {type(item).__qualname__}")
    return text.encode()


def _encode_bytes(item: Any) -> bytes:
    data = _data(item)
    if isinstance(data, bytes):
        return data
    if not isinstance(data, bytearray | memoryview):
        raise EncodeError(f"Bytes() takes items of type bytes, got {type(item).__qualname__}")
    return bytes(data)  # pyright: ignore[reportUnknownArgumentType] - a view of any kind


def _data(item: Any) -> Any:
    if says_nothing(item):
        raise NotPlain
    return item.data if isinstance(item, Event) else item


class TextDecoder(BaseDecoder[str]):
    """UTF-8 to text, cut anywhere; bytes that are not UTF-8 are replaced by U+FFFD (WHATWG Encoding)."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def _take(self, data: bytes, items: list[str]) -> None:
        text = self._utf8.decode(data)
        if text:
            items.append(text)

    def _end(self, items: list[str]) -> None:
        text = self._utf8.decode(b"", final=True)
        if text:
            items.append(text)


class BytesDecoder(BaseDecoder[bytes]):
    """Bytes as they come."""

    def _take(self, data: bytes, items: list[bytes]) -> None:
        if data:
            items.append(data)

    def _end(self, items: list[bytes]) -> None:
        del items
