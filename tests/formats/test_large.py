"""Large bodies end, in large pieces and in small ones, and memory stays within the limits."""

from __future__ import annotations

import gc
import tracemalloc
from itertools import repeat

import pytest

from tailrace import JSON, NDJSON, Event, EventStream, Limits
from tailrace.errors import DecodeError, LimitExceeded
from tailrace.formats import Format, encode
from tests.formats.event_stream_reference import Reference
from tests.formats.vector_runner import read

MIB = 1024 * 1024
BOUND = 128 * 1024
PIECE = 8 * 1024


def in_pieces(body: bytes, size: int) -> list[bytes]:
    """The body in pieces of `size` bytes."""
    return [body[begin : begin + size] for begin in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 7, 4096, MIB])
def test_many_data_lines(size: int) -> None:
    """80,000 lines are one event; what each costs does not grow with those before it."""
    lines = [f"line {number}" for number in range(80_000)]
    body = "".join(f"data: {line}\n" for line in lines).encode() + b"\n"
    reading = read(EventStream().decoder(), in_pieces(body, size))
    assert reading.items == [Event("\n".join(lines), id="")]


@pytest.mark.parametrize("size", [64, 1000, 4096, 16 * 1024 + 1, 65_536, 1 << 30])
@pytest.mark.parametrize(
    "block",
    [
        b"data: X\n\n",
        b"data: X\ndata: N\n\n",
        b"id: N\ndata: X\n\n",
        b"event: eN\ndata: X\ndata: N\nretry: N\nid: N\nid: iN\n\n",
        b"other: N\ndata: X\nid:N\n\n",
    ],
)
def test_events_of_every_length(size: int, block: bytes) -> None:
    """Wherever a chunk ends, and wherever the decoder takes apart what is too much at once."""
    blocks = [
        block.replace(b"N", b"%d" % length).replace(b"X", b"x" * length) for length in range(0, 20_000, 211)
    ]
    body = b"".join(blocks) + blocks[1]
    decoder, expected = EventStream().decoder(), Reference().read(body)
    assert read(decoder, in_pieces(body, size)).items == expected.events
    assert (decoder.last_event_id, decoder.retry) == (expected.last_event_id, expected.retry)


@pytest.mark.parametrize("size", [1, 4096, 1 << 30])
def test_many_data_lines_are_encoded(size: int) -> None:
    """And so back."""
    text = "\n".join("x" * 10 for _ in range(80_000))
    body = encode(EventStream(), [Event(text)])
    assert read(EventStream().decoder(), in_pieces(body, size)).items[0].data == text


@pytest.mark.parametrize("format_", [NDJSON(), NDJSON(end=True), JSON(), EventStream()], ids=repr)
@pytest.mark.parametrize("size", [1000, 65_536, 1 << 30])
def test_a_long_line(format_: Format, size: int) -> None:
    """15 MiB in one record, within the default limits."""
    item = "x" * (15 * MIB)
    reading = read(format_.decoder(), in_pieces(encode(format_, [Event(item)]), size))
    assert reading.error is None
    first = reading.items[0]
    assert (first.data if isinstance(first, Event) else first) == item


@pytest.mark.parametrize("format_", [NDJSON(), JSON(), EventStream()], ids=repr)
def test_escapes_and_brackets(format_: Format) -> None:
    """A megabyte of what a scanner stops at."""
    item = ['\\"[{' * 100_000, [[]] * 50_000, {"]": '"' * 100_000}]
    reading = read(format_.decoder(), in_pieces(encode(format_, [item]), 65_536))
    assert reading.error is None
    if not isinstance(format_, EventStream):
        assert reading.items == [item]


@pytest.mark.parametrize("format_", [NDJSON(), JSON()], ids=repr)
@pytest.mark.parametrize("size", [1, 65_536])
def test_many_records(format_: Format, size: int) -> None:
    """A hundred thousand of them."""
    items = list(range(100_000))
    assert read(format_.decoder(), in_pieces(encode(format_, items), size)).items == items


@pytest.mark.parametrize(
    ("format_", "opening", "endless"),
    [
        (NDJSON(), b"", b'"xxxxxxxx'),
        (NDJSON(), b"", b" "),
        (JSON(), b"[", b"1"),
        (JSON(), b'["', b"x"),
        (JSON(), b"[", b'{"a":'),
        (EventStream(), b"", b"x"),
        (EventStream(), b"", b": x"),
        (EventStream(), b"", b"data: x\n"),
        (EventStream(), b"", b"data\r"),
        (EventStream(), b"data: ", b"\xe2"),
    ],
    ids=repr,
)
def test_memory_is_bounded(format_: Format, opening: bytes, endless: bytes) -> None:
    """What never ends is refused at the limit and not much later."""
    decoder = format_.decoder(Limits(line=BOUND, event=BOUND, depth=MIB))
    piece = endless * (PIECE // len(endless))
    decoder.feed(opening)
    tracemalloc.start()
    try:
        reading = read(decoder, repeat(piece, 1024))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert type(reading.error) is LimitExceeded
    assert str(BOUND) in str(reading.error)
    assert peak < 16 * BOUND


@pytest.mark.parametrize(
    ("format_", "opening", "endless"),
    [
        (NDJSON(), b"", b"\n \r\n"),
        (NDJSON(), b"", b'{"a":[1,2,3]}\n'),
        (JSON(), b"[", b" \n"),
        (JSON(), b"[1", b",1"),
        (JSON(), b"[] ", b" "),
        (EventStream(), b"", b":\n\n"),
        (EventStream(), b"data: x\n", b": x\n"),
        (EventStream(), b"", b"event: x\nid: 2\nretry: 3\nfoo\n"),
        (EventStream(), b"", b"data: x\r\r"),
    ],
    ids=repr,
)
def test_what_may_go_on_for_ever_costs_no_memory(format_: Format, opening: bytes, endless: bytes) -> None:
    """Keep-alives without end, and of small items that are taken away."""
    decoder = format_.decoder(Limits(line=BOUND, event=BOUND))
    piece = endless * (PIECE // len(endless))
    decoder.feed(opening)
    decoder.feed(piece)
    tracemalloc.start()
    try:
        for _ in range(16):
            decoder.feed(piece)
        gc.collect()  # Python keeps some of the tuples that are freed
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 4 * PIECE


@pytest.mark.parametrize("digits", [16, 4_000, 5_000, 100_000])
def test_a_retry_of_many_digits(digits: int) -> None:
    """Is a very long time, and neither an error (Python's own limit is 4,300 digits) nor a short time."""
    decoder = EventStream().decoder()
    assert [event.data for event in decoder.feed(b"retry: " + b"1" * digits + b"\ndata: a\n\n")] == ["a"]
    assert decoder.retry is not None
    assert decoder.retry >= 10**15 - 1


@pytest.mark.parametrize("format_", [NDJSON(), JSON()], ids=repr)
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_without_a_limit_is_no_crash(format_: Format, opening: bytes) -> None:
    """Whoever takes the limit away gets an error, not a stack that runs over."""
    body = b"[" + opening * 200_000 + b"1" + (b"]" if opening == b"[" else b"}") * 200_000 + b"]\n"
    reading = read(format_.decoder(Limits(depth=10**9)), [body])
    assert isinstance(reading.error, LimitExceeded)


@pytest.mark.parametrize("end", [b"\n", b"\\\n"])
def test_a_string_that_is_never_closed_is_searched_once(end: bytes) -> None:
    """Deep enough that the nesting is counted, then quotes that close nothing."""
    text = b"[" * 600 + b'"' + b'\\"' * 1_000_000 + end
    for decoder, body in ((NDJSON().decoder(), text), (JSON().decoder(), b"[" + text + b'"]]')):
        with pytest.raises(DecodeError):
            decoder.feed(body + b"\n")
