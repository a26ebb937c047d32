"""Text in another charset than UTF-8, for decoders that know no other."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, Final

from tailrace.errors import DecodeError

if TYPE_CHECKING:
    from tailrace.formats import Decoder


def recoded(decoder: Decoder[Any], charset: str) -> Decoder[Any]:
    """A decoder of UTF-8 for text in `charset`; of UTF-8 still where that is none that Python knows."""
    try:
        b" ".decode(charset, "replace")  # raises for a codec of something else than text
        if codecs.lookup(charset).name in _LEFT_ALONE:
            return decoder
        return _Recoded(decoder, codecs.getincrementaldecoder(charset)("replace"))
    except (LookupError, ValueError):
        return decoder


_LEFT_ALONE: Final = frozenset({"utf-8", "ascii", "unicode-escape", "raw-unicode-escape", "punycode"})
"""ASCII is UTF-8 as well, and that is what is sent in its name. The last are Python's, and no charsets."""


class _Recoded:
    """What cannot be read is replaced by U+FFFD (WHATWG Encoding)."""

    def __init__(self, decoder: Decoder[Any], text: codecs.IncrementalDecoder) -> None:
        self._decoder = decoder
        self._text = text

    def feed(self, data: bytes, /) -> list[Any]:
        return self._decoder.feed(self._utf8(data))

    def finish(self) -> list[Any]:
        # No more than a character.
        return self._decoder.feed(self._utf8(b"", final=True)) + self._decoder.finish()

    def _utf8(self, data: bytes, *, final: bool = False) -> bytes:
        try:
            return self._text.decode(data, final).encode("utf-8", "replace")
        except UnicodeError as error:
            raise DecodeError(f"the body is not in the charset that it says: {error}") from None
