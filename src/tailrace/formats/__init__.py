"""One file per media type, encoder and decoder together: pure, incremental, linear, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace.formats._base import Decoder, Encoder, Format, write_item
from tailrace.formats.event_stream import EventStream
from tailrace.formats.json_array import JSONArray
from tailrace.formats.ndjson import NDJSON
from tailrace.formats.raw import Bytes, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tailrace._json import ForeignEncoder
    from tailrace._model import Problem

__all__ = [
    "NDJSON",
    "Bytes",
    "Decoder",
    "Encoder",
    "EventStream",
    "Format",
    "JSONArray",
    "Text",
    "encode",
    "write_item",
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
    body = bytearray()
    count = 0
    for record, item in enumerate(items):
        count += write_item(writer, first=not count, item=item, record=record, buffer=body)
    close = writer.end(count) if problem is None else writer.fail(problem)
    return writer.opening + writer.seal(bytes(body)) + close
