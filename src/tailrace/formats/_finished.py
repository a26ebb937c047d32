"""A document that goes out, and comes, once it is finished."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tailrace._json import decode, dumps, escape_line_separators
from tailrace.errors import DecodeError, EncodeError, LimitExceeded
from tailrace.formats._document import DocumentEncoder
from tailrace.formats._document_reader import DocumentReader

if TYPE_CHECKING:
    from tailrace._holes import Kind
    from tailrace._model import Limits
    from tailrace._reading.progress import Change


class Finished(DocumentEncoder):
    """The document as it is in the end, and nothing before that."""

    whole = True
    grows = False

    def stand_in(self, kind: Kind, number: int) -> bytes:
        """What failed, where the whole does not."""
        del kind, number
        return b"null"

    def finished(self, text: list[bytes], problems: tuple[str, list[dict[str, Any]]] | None) -> bytes:
        """All of it."""
        whole = b"".join(text)
        return whole if problems is None else _with_problems(whole, *problems)


def _with_problems(text: bytes, name: str, problems: list[dict[str, Any]]) -> bytes:
    try:
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        raise EncodeError("Document(problems=…): expected a document that is an object") from None
    if name in members:
        raise EncodeError(f"Document(problems={name!r}): the document has a member of that name")
    return escape_line_separators(dumps({**members, name: problems}))


def _is_cut(text: bytes, reason: str) -> bool:
    """Whether a text that msgspec refused for this reason would be JSON if it went on."""
    if _NUMBER in reason:  # it may be "1." or "-", and end in a digit
        try:
            msgspec.json.decode(text + b"0")
        except msgspec.DecodeError as error:
            return _TRUNCATED in str(error)
        return True
    return _TRUNCATED in reason and not _is_closed(text)


def _is_closed(text: bytes) -> bool:
    """Whether it is JSON but for a lone surrogate near its end, where msgspec misses the other of the pair."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


_TRUNCATED: Final = "truncated"
_NUMBER: Final = "invalid number"
"""What msgspec says of a text that ends too early, or inside a number."""


class FinishedReader(DocumentReader):
    """One JSON text, which says nothing before its end."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._text = bytearray()

    def _take(self, data: bytes, items: list[Change]) -> None:
        del items
        self._text += data
        if len(self._text) > self.limits.event:
            self._text = bytearray()
            raise LimitExceeded(
                f"a document is over the limit of {self.limits.event} bytes (Limits.event)",
                offset=self._offset,
            )

    def _end(self, items: list[Change]) -> None:
        text = bytes(self._text)
        try:
            value = decode(text, depth=self.limits.depth, record=0, offset=0)
        except DecodeError as error:
            if not text.strip() or _is_cut(text, error.reason):
                raise self._cut_off("the body ends inside the document") from None
            raise
        items.append(self._progress.fill(0, value))
        self._completed()
