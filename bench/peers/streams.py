"""The bodies that are read, what is in them, and how they are cut."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bench.peers.documents import row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LINES = 20
"""In an event of many, and rows in a large one."""

Fields = tuple[str, str, str]
"""What is in an event: its name, the last event id, its data; or of a row, "row", its id and its name."""


def _full(count: int) -> Iterator[Fields]:
    for number in range(count):
        yield "update", str(number), json.dumps({"id": number, "name": f"Item {number}"})


def _named(count: int) -> Iterator[Fields]:
    for number in range(count):
        yield "message", "", json.dumps({"id": number, "name": f"Item {number}"})


def _large(count: int) -> Iterator[Fields]:
    for number in range(count):
        yield "message", "", json.dumps({"id": number, "text": "x" * 2000})


def _many(count: int) -> Iterator[Fields]:
    for number in range(count):
        yield "message", "", "\n".join([f"line {number} of a text, as it comes"] * LINES)


def _one(count: int) -> Iterator[Fields]:
    yield "message", "", "\n".join([f"line {number} of a text" for number in range(count)])


def _long(megabytes: int) -> Iterator[Fields]:
    yield "message", "", "x" * (megabytes * 1_000_000)


_EVENTS: dict[str, Callable[[int], Iterator[Fields]]] = {
    "full": _full,
    "data": _named,
    "large": _large,
    "many": _many,
    "one": _one,
    "long": _long,
}


def _block(event: str, last_event_id: str, data: str) -> str:
    head = f"id: {last_event_id}\nevent: {event}\n" if last_event_id else ""
    return head + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"


def _rows(kind: str, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        more = {"rows": [row(inner) for inner in range(LINES)]} if kind == "large-rows" else {}
        yield row(number) | more


def body(kind: str, count: int) -> bytes:
    """A body of `count` events, rows, lines or megabytes."""
    if kind in _EVENTS:
        return "".join(_block(*fields) for fields in _EVENTS[kind](count)).encode()
    rows = (json.dumps(found, separators=(",", ":")) for found in _rows(kind, count))
    return "".join(f"{text}\n" for text in rows).encode()


def fields_of(kind: str, count: int) -> Iterator[Fields]:
    """What is in that body."""
    if kind in _EVENTS:
        return _EVENTS[kind](count)
    return (fields_of_row(found) for found in _rows(kind, count))


def fields_of_row(found: dict[str, Any]) -> Fields:
    """What a row is known by."""
    return "row", str(found["id"]), found["name"]


def digest(events: Iterable[Fields]) -> str:
    """The same for the same events."""
    text = "".join("\0".join((*fields, "")) for fields in events)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def chunks(whole: bytes, size: int) -> list[bytes]:
    """A body in chunks of `size` bytes; 0: of one event each."""
    if not size:
        return [block + b"\n\n" for block in whole.split(b"\n\n")[:-1]]
    return [whole[begin : begin + size] for begin in range(0, len(whole), size)]
