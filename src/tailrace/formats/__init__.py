"""One file per media type, encoder and decoder together: pure, incremental, linear, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace._json import NotPlain, unwritable
from tailrace.formats._base import Decoder, Encoder, Format, encode_special
from tailrace.formats._checked import Checked
from tailrace.formats._document import DocumentEncoder, DocumentFormat
from tailrace.formats._document_reader import DocumentReader
from tailrace.formats.csv import CSV
from tailrace.formats.event_stream import EventStream
from tailrace.formats.json import JSON
from tailrace.formats.json_seq import JSONSeq
from tailrace.formats.ndjson import NDJSON
from tailrace.formats.progressive import Progressive
from tailrace.formats.raw import Bytes, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tailrace._json import ForeignEncoder
    from tailrace._model import Problem

__all__ = [
    "CSV",
    "JSON",
    "NDJSON",
    "Bytes",
    "Checked",
    "Decoder",
    "DocumentEncoder",
    "DocumentFormat",
    "DocumentReader",
    "Encoder",
    "EventStream",
    "Format",
    "JSONSeq",
    "Progressive",
    "Text",
    "encode",
    "encode_special",
]


def encode(
    format: Format,  # noqa: A002 - the word for it
    items: Iterable[Any],
    *,
    encoder: ForeignEncoder | None = None,
    problem: Problem | None = None,
) -> bytes:
    """The whole body for `items`, failed with `problem` where one is given.

    Raises `EncodeError` for an item that cannot be written.
    """
    writer = format.encoder(encoder)
    parts, frames, count = [writer.opening], list[bytes](), 0
    for record, item in enumerate(items):
        try:
            frame = writer.encode(item)
        except NotPlain:
            if writer.says_nothing(item):
                continue
            if frames:
                parts.append(writer.join(frames))
                frames.clear()
            frame = encode_special(writer, item, record)
        except Exception as error:
            raise unwritable(error, writer.encode, item, record) from error
        frames.append(frame)
        count += 1
    if frames:
        parts.append(writer.join(frames))
    parts.append(writer.end(count) if problem is None else writer.fail(problem))
    return b"".join(parts)
