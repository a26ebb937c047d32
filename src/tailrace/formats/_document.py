"""What writes a document, whatever the format: the root, then what is known of its holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol, runtime_checkable

from tailrace.formats._base import Encoder, Format

if TYPE_CHECKING:
    from tailrace._holes import Kind
    from tailrace._json import ForeignEncoder
    from tailrace._model import Limits, Problem
    from tailrace.formats._document_reader import DocumentReader

    Meta = dict[str, Any] | int | None
    """The holes of a value by their numbers, in its shape: JSON has no room for them beside the value."""


class DocumentEncoder(Encoder):
    """Writes one document, each call one frame; holes have the numbers that `number` gives.

    Text comes as pieces of JSON, one behind the other.
    """

    grows: bool = True
    """Whether lists and texts go out while they grow; else they are values that come when they are complete."""

    wary: bool = False
    """Whether `saw` is to be told of all data before it is written."""

    def __init__(self, encoder: ForeignEncoder | None) -> None:
        super().__init__(_no_items)
        self.foreign = encoder
        self._number = 0
        self._count = 0
        """Records that went out."""

    def join(self, frames: list[bytes]) -> bytes:
        """The next records, counted."""
        self._count += len(frames)
        return super().join(frames)

    def saw(self, pieces: list[bytes]) -> int | None:
        """Look at data that is about to be written, before its holes are numbered; a hole that it is mistaken for."""
        del pieces
        return None

    def number(self) -> int:
        """The number of the next hole."""
        self._number += 1
        return self._number

    def stand_in(self, kind: Kind, number: int) -> bytes:
        """What stands where a hole is."""
        raise NotImplementedError

    def root(self, text: list[bytes], meta: Meta) -> bytes:
        """The document itself."""
        raise NotImplementedError

    def finished(self, text: list[bytes], problems: tuple[str, list[dict[str, Any]]] | None) -> bytes:
        """The document, where it goes out once it is finished; the problems are listed under that name."""
        raise NotImplementedError

    def value(self, number: int, text: list[bytes], meta: Meta) -> bytes:
        """The value of a hole."""
        raise NotImplementedError

    def plain(self, number: int, text: bytes) -> bytes:
        """The value of a hole that has no holes."""
        return self.value(number, [text], None)

    def elements(self, number: int, text: list[bytes], meta: Meta) -> bytes:
        """More elements of a list, with commas between them."""
        raise NotImplementedError

    def characters(self, number: int, text: bytes) -> bytes:
        """More of a text, as a JSON string."""
        raise NotImplementedError

    def over(self, number: int) -> bytes:
        """The end of a list or a text."""
        raise NotImplementedError

    def failed(self, number: int, problem: Problem) -> bytes:
        """A hole that stays one."""
        raise NotImplementedError


def _no_items(item: Any) -> NoReturn:
    raise AssertionError(f"a document is no item: {item!r}")


@runtime_checkable
class DocumentFormat(Format, Protocol):
    """A format that writes documents too."""

    def document(self, encoder: ForeignEncoder | None = None, /) -> DocumentEncoder:
        """A new encoder for one document."""
        ...

    def reader(self, limits: Limits = ..., /) -> DocumentReader:
        """A new decoder for one document."""
        ...
