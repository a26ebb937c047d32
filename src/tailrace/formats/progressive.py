"""Progressive JSON: a document that goes out at once and fills in (PROTOCOL.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tailrace._model import Limits
from tailrace.formats._placeholders import ListPlaceholder, PlaceholderReader, Placeholders
from tailrace.formats._records import ListRecords, RecordReader, Records

if TYPE_CHECKING:
    from tailrace._json import ForeignEncoder
    from tailrace.formats._base import Encoder
    from tailrace.formats._document import DocumentEncoder
    from tailrace.formats._document_reader import DocumentReader

_VERSIONS = (1, 2)


@dataclass(frozen=True, slots=True)
class Progressive:
    """Lines of JSON: what there is of a document, then what is missing, part by part as it comes.

    Items are a document that is one growing list. Version 1 is what DripDrop documents; version 2
    cannot mistake data for a placeholder, writes lists and texts as they grow, and counts its records.

    Raises `ValueError` for another version.
    """

    version: int = 2
    name: ClassVar[str] = "progressive"

    def __post_init__(self) -> None:
        """Refuse a version that is none."""
        if self.version not in _VERSIONS:
            raise ValueError(f"Progressive(version={self.version!r}): expected 1 or 2")

    @property
    def media_types(self) -> tuple[str, ...]:
        """Version 1 says no version."""
        return ("application/x-progressive-json" + (";v=2" if self.version == _VERSIONS[-1] else ""),)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body of items."""
        return ListRecords(encoder) if self.version == _VERSIONS[-1] else ListPlaceholder(encoder)

    def document(self, encoder: ForeignEncoder | None = None, /) -> DocumentEncoder:
        """A new encoder for one document."""
        return Records(encoder) if self.version == _VERSIONS[-1] else Placeholders(encoder)

    def decoder(self, limits: Limits = Limits(), /) -> DocumentReader:
        """A new decoder for one body, of a document or of items."""
        return RecordReader(limits) if self.version == _VERSIONS[-1] else PlaceholderReader(limits)

    reader = decoder
