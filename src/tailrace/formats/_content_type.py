"""The format that a Content-Type means, also in the spellings of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.formats.csv import CSV
from tailrace.formats.event_stream import EventStream
from tailrace.formats.json import JSON
from tailrace.formats.json_seq import JSONSeq
from tailrace.formats.ndjson import NDJSON
from tailrace.formats.progressive import Progressive
from tailrace.formats.raw import Bytes, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace._media import MediaRange
    from tailrace.formats._base import Format


def format_of(said: MediaRange | None) -> Format:
    """The format of a body of this media type; of bytes where it says none, or one that nobody here knows."""
    if said is None:
        return Bytes()
    essence = f"{said.type}/{said.subtype}"
    if essence in _FORMATS:
        return _FORMATS[essence](said)
    if said.subtype.endswith("+json"):
        return JSON()
    if said.subtype.endswith("+json-seq"):  # RFC 8091
        return JSONSeq()
    return Text() if said.type == "text" else Bytes()


_LINES: Final = (
    "x-ndjson",
    "ndjson",
    "jsonl",
    "x-jsonl",
    "jsonlines",
    "x-jsonlines",
    "stream+json",
    "x-json-stream",
)


def _lines(said: MediaRange) -> Format:
    return NDJSON(end="end" in said.parameters)


def _table(said: MediaRange) -> Format:
    tabs = said.subtype == "tab-separated-values"
    return CSV(header=said.parameters.get("header") != "absent", delimiter="\t" if tabs else ",")


def _progressive(said: MediaRange) -> Format:
    return Progressive(2 if said.parameters.get("v") == "2" else 1)


_FORMATS: Final[dict[str, Callable[[MediaRange], Format]]] = {
    "text/event-stream": lambda _: EventStream(),
    "application/x-progressive-json": _progressive,
    "application/json": lambda _: JSON(),
    "application/json-seq": lambda _: JSONSeq(),
    "text/csv": _table,
    "text/tab-separated-values": _table,
    **{f"application/{name}": _lines for name in _LINES},
}
