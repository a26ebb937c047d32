"""What cannot be read says which record, which byte and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tailrace import JSON, NDJSON, EventStream, Limits
from tailrace.errors import DecodeError, LimitExceeded
from tests.formats.vector_runner import pieces_of, read

if TYPE_CHECKING:
    from tailrace.formats import Format


def failure(format_: Format, pieces: list[bytes], limits: Limits | None = None) -> DecodeError:
    """The error that the pieces end in."""
    error = read(format_.decoder(limits or Limits()), pieces).error
    assert isinstance(error, DecodeError)
    return error


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_record_that_is_no_json(size: int) -> None:
    """Record and byte, from the start of the body."""
    body = b'{"a":1}\n\n{"b":}\n'
    error = failure(NDJSON(), pieces_of(body, range(size, len(body), size)))
    assert error.record == 1
    assert error.offset is not None
    assert body.index(b'{"b"') <= error.offset <= body.index(b"}\n", 9)
    assert f"record 1, offset {error.offset}: " in str(error)


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (b"[1,2 3]", 5),
        (b"[1,,2]", 3),
        (b'["a" "b"]', 5),
        (b"[1]x", 3),
        (b'{"a":1}', 0),
        (b"  x", 2),
        (b"[1,]", 3),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_place_between_elements(body: bytes, offset: int, size: int) -> None:
    """The very byte that is wrong, whatever the pieces."""
    error = failure(JSON(), pieces_of(body, range(size, len(body), size)))
    assert error.offset == offset
    assert f"offset {offset}: expected" in str(error)


@pytest.mark.parametrize("body", [b'[1,{"a":}]', b"[1,[1}]", b"[1,nope]", b'[1,"\xff"]'])
@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_place_inside_an_element(body: bytes, size: int) -> None:
    """Somewhere inside the element."""
    error = failure(JSON(), pieces_of(body, range(size, len(body), size)))
    assert error.record == 1
    assert error.offset is not None
    assert 3 <= error.offset < len(body)


@pytest.mark.parametrize("format_", [NDJSON(), JSON()], ids=repr)
@pytest.mark.parametrize(
    "number",
    ["1" * 400, "1e400", "-1e400", "1" * 5000, "0." + "1" * 5000],
    ids=lambda number: f"{number[:6]}x{len(number)}",
)
def test_numbers_past_what_python_takes(format_: Format, number: str) -> None:
    """Are a value or a `DecodeError`, and nothing else."""
    reading = read(format_.decoder(), [f"[{number}]\n".encode()])
    assert len(reading.items) == 1 or type(reading.error) is DecodeError


def test_half_a_surrogate_pair() -> None:
    """Is in the grammar of RFC 8259 (8.2), and up to the reader: a value or a `DecodeError`."""
    reading = read(NDJSON().decoder(), [b'"\\ud800"\n'])
    assert reading.items == ["\ud800"] or type(reading.error) is DecodeError


LIMITS: list[tuple[Format, str, bytes]] = [
    (NDJSON(), "line", b"x" * 20),
    (JSON(), "event", b"[" + b"1" * 20),
    (EventStream(), "line", b"x" * 20),
    (EventStream(), "event", b"data: x\n" * 20),
    (NDJSON(), "total", b"1\n" * 200),
]


@pytest.mark.parametrize(("format_", "name", "body"), LIMITS)
def test_a_limit_names_itself(format_: Format, name: str, body: bytes) -> None:
    """And its size, so that it can be found and changed."""
    limits = Limits(line=16, event=16, total=300)
    error = failure(format_, [body], limits)
    assert type(error) is LimitExceeded
    assert f"{getattr(limits, name)} bytes (Limits.{name})" in str(error)


def test_a_depth_names_itself() -> None:
    bodies: list[tuple[Format, bytes]] = [(NDJSON(), b"[[[1]]]\n"), (JSON(), b"[[[[1]]]]")]
    errors: list[Any] = [failure(format_, [body], Limits(depth=2)) for format_, body in bodies]
    assert [type(error) for error in errors] == [LimitExceeded, LimitExceeded]
    assert all("2 levels" in str(error) for error in errors)
