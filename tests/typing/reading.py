"""The formats' decoders, with the types that they give; checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any, assert_type

from tailrace import JSON, NDJSON, Bytes, Event, EventStream, Limits, Text
from tailrace.errors import DecodeError, LimitExceeded, StreamFailed, TailraceError, Truncated
from tailrace.formats import Format, encode

every: list[Format] = [EventStream(retry=100), NDJSON(end=True), JSON(), Text(), Bytes("image/png")]
body = encode(NDJSON(), [1, {"two": 2}])
assert_type(body, bytes)


def read(pieces: list[bytes]) -> list[Event]:
    decoder = EventStream().decoder(Limits(line=1024, event=4096, total=10_000))
    events = [event for piece in pieces for event in decoder.feed(piece)]
    events += decoder.finish()
    assert_type(events, list[Event])
    assert_type(decoder.last_event_id, str)
    assert_type(decoder.retry, int | None)
    return events


def rows(piece: bytes) -> list[Any]:
    try:
        return NDJSON().decoder().feed(piece)
    except StreamFailed as error:
        print(error.problem.title, error.problem.ref)  # noqa: T201 - what a caller might do
        return []
    except (Truncated, LimitExceeded, DecodeError) as error:
        assert_type(error, Truncated | LimitExceeded | DecodeError)
        caught: TailraceError = error
        raise caught from None
