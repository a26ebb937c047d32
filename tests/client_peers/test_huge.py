"""Fault 29 on the reader's side: what a server sends without end is an error at the limit, and costs no more."""

from __future__ import annotations

import contextlib
import gc
import time
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tailrace import CSV, JSON, NDJSON, Event, EventStream, JSONSeq, Limits
from tailrace.errors import LimitExceeded
from tests.client_peers.raw import Answer, answering
from tests.client_peers.reading import SHELLS, Seen, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace.formats import Decoder

pytestmark = pytest.mark.seed("29")

KIB, MIB = 1024, 1024 * 1024
LIMIT = 256 * KIB
LIMITS = Limits(line=LIMIT, event=LIMIT)
A_FEW_READS = 1.5 * MIB
"""What two reads take, of 64 KiB or on an event loop of 256, while they are lines and pieces; and the connection."""
IN_HAND = 9 / 8
"""A buffer that grows has an eighth more."""
TOO_MUCH = 8 * MIB


@dataclass(frozen=True)
class Huge:
    """A body: what comes first, and what comes without end. `first` is the item that comes before."""

    content_type: str
    opening: bytes
    unit: bytes
    decoder: Callable[[Limits], Decoder[object]]

    @property
    def body(self) -> bytes:
        """More of it than anybody reads."""
        return self.opening + self.unit * (TOO_MUCH // len(self.unit))


EVENTS, LINES = "text/event-stream", "application/x-ndjson"
BODIES = {
    "a line of events": Huge(EVENTS, b"data: 1\n\ndata: ", b"x" * KIB, EventStream().decoder),
    "data lines": Huge(EVENTS, b"data: 1\n\n", b"data:ab\n", EventStream().decoder),
    "a line": Huge(LINES, b"1\n", b"x" * KIB, NDJSON().decoder),
    "an element": Huge("application/json", b'[1,"', b"x" * KIB, JSON().decoder),
    "an element of elements": Huge("application/json", b"[1,[", b"1,", JSON().decoder),
    "a text of a sequence": Huge("application/json-seq", b'\x1e1\n\x1e"', b"x" * KIB, JSONSeq().decoder),
    "lines of a sequence": Huge("application/json-seq", b"\x1e1\n\x1e{", b"\n", JSONSeq().decoder),
    "a row": Huge("text/csv", b"a\n1\n", b"x" * KIB, CSV().decoder),
    "rows of an open quote": Huge("text/csv", b'a\n1\n"', b"ab\n", CSV().decoder),
}


def peak_of(call: Callable[[], object]) -> int:
    """The bytes that it holds at a time."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """What is imported at the first reading is not measured."""
    with answering(lambda answer: answer.begin(LINES)) as server:
        for shell in SHELLS:
            read(shell, server.url)


# On an event loop four times as much is read at a time.
@pytest.mark.parametrize(("shell", "name"), [*(("async", name) for name in BODIES), ("sync", "data lines")])
def test_an_error_at_the_limit(shell: str, name: str) -> None:
    """Behind what came before, and with hardly more memory than the limit."""
    huge, body = BODIES[name], BODIES[name].body
    readings: list[Seen] = []

    def answer(answer: Answer) -> None:
        answer.begin(huge.content_type)
        answer.send(body)

    with answering(answer) as server:
        peak = peak_of(lambda: readings.append(read(shell, server.url, limits=LIMITS)))
    (seen,) = readings
    assert isinstance(seen.error, LimitExceeded)
    assert seen.items in ([1], [{"a": "1"}])
    assert LIMIT < peak < LIMIT * IN_HAND + A_FEW_READS
    assert not seen.lost


@pytest.mark.parametrize("name", BODIES)
def test_pieces_of_two_bytes_take_no_more(name: str) -> None:
    """As chunks that a server makes so small: each of them alone would be twenty times as large."""
    limit = 32 * KIB
    huge = BODIES[name]
    decoder = huge.decoder(Limits(line=limit, event=limit))
    pieces = [huge.unit[:1] * 2] * limit if len(huge.unit) > 1 else [huge.unit * 2] * limit

    def feed() -> None:
        decoder.feed(huge.opening)
        with contextlib.suppress(LimitExceeded):
            for piece in pieces:
                decoder.feed(piece)

    assert peak_of(feed) < limit * IN_HAND + 32 * KIB
    with pytest.raises(LimitExceeded):
        decoder.feed(b"")


def test_the_name_and_the_id_of_an_event_count() -> None:
    """Each is a line of its own, within `Limits.line`; together with the data they are within `Limits.event`."""
    limits = Limits(line=LIMIT, event=LIMIT)
    within = b"event: %b\nid: %b\ndata: 1\n\n" % (b"x" * (LIMIT // 3), b"x" * (LIMIT // 3))
    (event,) = EventStream().decoder(limits).feed(within)
    assert len(event.id or "") == LIMIT // 3
    decoder = EventStream().decoder(limits)
    with pytest.raises(LimitExceeded, match=r"Limits\.event"):
        decoder.feed(
            b"id: %b\n" % (b"x" * (LIMIT // 2)) + b"event: %b\n" % (b"x" * (LIMIT // 2)) + b"data: 1\n\n"
        )
    assert EventStream().decoder(limits).feed(within * 3)


def cpu(shell: str, body: bytes) -> float:
    """The seconds that it takes to read one event; the least of two."""

    def answer(answer: Answer) -> None:
        answer.begin(EVENTS, f"Content-Length: {len(body)}")
        answer.send(body)

    took: list[float] = []
    with answering(answer) as server:
        for _ in range(2):
            began = time.process_time()
            seen = read(shell, server.url, Event, resume=False)
            took.append(time.process_time() - began)
            assert len(seen.items) == 1
            assert seen.error is None
    return min(took)


@pytest.mark.parametrize(
    ("shell", "begin", "unit", "end"),
    [("sync", b"", b"data: x\n", b"\n"), ("async", b"data: ", b"x" * 16, b"\n\n")],
    ids=["a million lines", "a line of 16 MB"],
)
def test_four_times_as_much_takes_four_times_as_long(
    shell: str, begin: bytes, unit: bytes, end: bytes
) -> None:
    """Where each piece is looked at once; sixteen times where what came is gone through again and again."""
    quarter, whole = (cpu(shell, begin + unit * count + end) for count in (250_000, 1_000_000))
    assert whole < 9 * quarter
