"""Lists and lines of restflow and ours: the same values, without the spaces that its page does not have either."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import uuid
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext_lazy
from restflow.responses import streaming as peer

from tailrace import JSON, NDJSON, Problem
from tailrace._finish import SENT_AWAY
from tailrace.errors import StreamFailed, Truncated
from tailrace.formats import encode
from tailrace.restflow._formats import Lines, List, compact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

UTC = dt.UTC
UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
PROBLEM = Problem(title="Internal Server Error", ref="0123")
SHOWN = [{"id": 1, "name": "A", "price": 10}, {"id": 2, "name": "B", "price": 20}]


async def each(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def theirs(response: type[Any], items: Iterable[Any], encoder: Any = None) -> bytes:
    """What restflow sends."""

    async def body() -> bytes:
        made = response(each(items), encoder=encoder)
        return b"".join([chunk async for chunk in made])

    return asyncio.run(body())


@pytest.mark.seed("R7")
@pytest.mark.seed("R10")
def test_compact_as_the_page_shows_it() -> None:
    assert theirs(peer.StreamingJSONListResponse, SHOWN[:1]) == b'[{"id": 1, "name": "A", "price": 10}]'
    assert encode(List(None), SHOWN) == (b'[{"id":1,"name":"A","price":10},{"id":2,"name":"B","price":20}]')
    assert theirs(peer.NDJSONResponse, SHOWN[:1]) == b'{"id": 1, "name": "A", "price": 10}\n'
    assert encode(Lines(None), SHOWN) == (b'{"id":1,"name":"A","price":10}\n{"id":2,"name":"B","price":20}\n')


VALUES: list[tuple[Any, str]] = [
    (Decimal("1.10"), '"1.10"'),
    (UUID, f'"{UUID}"'),
    (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '"2026-01-02T03:04:05Z"'),
    (dt.datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), '"2026-01-02T03:04:05.678Z"'),
    (
        dt.datetime(2026, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        '"2026-01-02T00:00:00+02:00"',
    ),
    (dt.datetime(2026, 1, 2, 3, 4, 5), '"2026-01-02T03:04:05"'),  # noqa: DTZ001 - that it has none is the case
    (dt.date(2026, 1, 2), '"2026-01-02"'),
    (dt.time(1, 2, 3, 4567), '"01:02:03.004"'),
    (dt.time(1, 2, 3), '"01:02:03"'),
    (dt.timedelta(days=1), '"P1DT00H00M00S"'),
    (dt.timedelta(seconds=-1), '"-P0DT00H00M01S"'),
    (gettext_lazy("Hello"), '"Hello"'),
    ("é", '"\\u00e9"'),
    ("😀", '"\\ud83d\\ude00"'),
    ("\u2028\u2029\x7f", '"\\u2028\\u2029\\u007f"'),
    ("\ud800", '"\\ud800"'),
    ('"\\/<\n\0', '"\\"\\\\/<\\n\\u0000"'),
    (5, "5"),
    (None, "null"),
    (True, "true"),
    ("str", '"str"'),
    ([1, 2], "[1,2]"),
    ((1, [2, {}]), "[1,[2,{}]]"),
    (1e16, "1e+16"),
    (0.1 + 0.2, "0.30000000000000004"),
    (-0.0, "-0.0"),
    (2**70, "1180591620717411303424"),
    ({1: "a", None: "b", False: "c", 1.5: "d"}, '{"1":"a","null":"b","false":"c","1.5":"d"}'),
    (
        {"a": {"b": [Decimal(1), {"c": UUID}]}, "d": ", : "},
        f'{{"a":{{"b":["1",{{"c":"{UUID}"}}]}},"d":", : "}}',
    ),
]


@pytest.mark.seed("R10")
@pytest.mark.seed("R19")
@pytest.mark.parametrize(("value", "text"), VALUES)
def test_the_same_values(value: Any, text: str) -> None:
    """With separators of its own, restflow's encoder writes the very bytes."""
    without_spaces = partial(DjangoJSONEncoder, separators=(",", ":"))
    items = [value, {"value": value}]
    lines = f'{text}\n{{"value":{text}}}\n'.encode()
    assert encode(Lines(None), items) == theirs(peer.NDJSONResponse, items, without_spaces) == lines
    array = b"[%b]" % lines.replace(b"\n", b",", 1)[:-1]
    assert encode(List(None), items) == theirs(peer.StreamingJSONListResponse, items, without_spaces) == array


@pytest.mark.seed("R7")
@pytest.mark.seed("R10")
def test_nothing() -> None:
    assert encode(List(None), []) == theirs(peer.StreamingJSONListResponse, []) == b"[]"
    assert encode(Lines(None), []) == theirs(peer.NDJSONResponse, []) == b""


def test_what_json_does_not_have_is_null() -> None:
    items = [[float("nan"), float("-inf"), "NaN"]]
    assert theirs(peer.NDJSONResponse, items) == b'[NaN, -Infinity, "NaN"]\n'
    assert encode(Lines(None), items) == b'[null,null,"NaN"]\n'


# encoder=


class FloatDecimalEncoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, Decimal) else super().default(o)


class Spaced(DjangoJSONEncoder):
    item_separator = " , "


class Bare(json.JSONEncoder):
    def __init__(self) -> None:
        super().__init__(sort_keys=True)


class Foreign:
    def encode(self, value: Any) -> str:
        return f'"{value!r}"'


class Bytes:
    def encode(self, value: Any) -> bytes:
        return b'"%b"' % repr(value).encode()


@pytest.mark.seed("R2")
@pytest.mark.seed("R3")
@pytest.mark.seed("R8")
@pytest.mark.seed("R20")
@pytest.mark.parametrize(
    ("encoder", "value", "text"),
    [
        (FloatDecimalEncoder, {"b": Decimal("9.99"), "a": [1]}, '{"b":9.99,"a":[1]}'),
        (
            partial(FloatDecimalEncoder, sort_keys=True),
            {"b": Decimal("9.99"), "a": [1]},
            '{"a":[1],"b":9.99}',
        ),
        (partial(DjangoJSONEncoder, ensure_ascii=False), ["é", 1], '["é",1]'),
        (partial(DjangoJSONEncoder, ensure_ascii=False), ["a\u2028\u0085"], '["a\\u2028\\u0085"]'),
        (Bare, {"b": 1, "a": [1, 2]}, '{"a":[1,2],"b":1}'),
        (Foreign, 5, '"5"'),
        (Bytes, 5, '"5"'),
        # Who says what stands between has it so.
        (Spaced, {"a": 1, "b": 2}, '{"a": 1 , "b": 2}'),
        (partial(DjangoJSONEncoder, separators=(", ", ": ")), {"a": 1, "b": 2}, '{"a": 1, "b": 2}'),
        # A line is one line.
        (partial(DjangoJSONEncoder, indent=1), [1, {"a": 2}], '[ 1, {  "a": 2 }]'),
    ],
)
def test_an_encoder(encoder: Callable[[], Any], value: Any, text: str) -> None:
    assert encode(Lines(encoder), [value]).decode() == f"{text}\n"
    assert encode(List(encoder), [value]).decode() == f"[{text}]"


@pytest.mark.seed("R8")
@pytest.mark.parametrize("format_", [List, Lines])
def test_an_encoder_is_made_once(format_: type[Any]) -> None:
    made: list[DjangoJSONEncoder] = []

    class Counted(DjangoJSONEncoder):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    encode(format_(Counted), [1, 2, 3])
    assert len(made) == 1
    encode(format_(Counted), [1, 2, 3])
    assert len(made) == 2


def test_an_encoder_is_left_as_its_class_made_it() -> None:
    compact(DjangoJSONEncoder)
    assert (DjangoJSONEncoder.item_separator, DjangoJSONEncoder().key_separator) == (", ", ": ")


# Failures


@pytest.mark.seed("R9")
@pytest.mark.parametrize(("items", "body"), [([], b"[]"), ([{"a": 1}], b'[{"a":1}]'), ([1], b"[1]")])
def test_a_failed_list_is_closed(items: list[Any], body: bytes) -> None:
    assert encode(List(None), items, problem=PROBLEM) == body


@pytest.mark.seed("R9")
@pytest.mark.parametrize("problem", SENT_AWAY.values())
def test_a_list_that_the_server_ends_stays_open(problem: Problem) -> None:
    decoder = JSON().decoder()
    assert decoder.feed(encode(List(None), [1], problem=problem)) == [1]
    with pytest.raises(Truncated):
        decoder.finish()


@pytest.mark.seed("R9")
def test_an_item_that_cannot_be_written_leaves_no_comma() -> None:
    """restflow has sent it when it finds out, and closes the array behind it."""

    pieces: list[str] = []

    async def read() -> None:
        async for piece in peer.StreamingJSONListResponse(each([{"a": 1}, object()])).stream():
            pieces.append(piece)  # noqa: PERF401 - those before the error are what is looked at

    with pytest.raises(TypeError, match="not JSON serializable"):
        asyncio.run(read())
    assert "".join(pieces) == '[{"a": 1},]'
    encoder = List(None).encoder()
    written = encoder.opening + encoder.join([encoder.encode({"a": 1})])
    with pytest.raises(TypeError, match="not JSON serializable"):
        encoder.encode(object())
    assert written + encoder.fail(PROBLEM) == b'[{"a":1}]'


@pytest.mark.seed("R21")
def test_failed_lines_end_in_one_that_no_parser_takes() -> None:
    body = encode(Lines(None), [{"a": 1}], problem=PROBLEM)
    whole, last = body.split(b"\n")
    assert json.loads(whole) == {"a": 1}
    with pytest.raises(json.JSONDecodeError):
        json.loads(last)
    decoder = NDJSON().decoder()
    decoder.feed(body)
    with pytest.raises(StreamFailed, match="Internal Server Error"):
        decoder.finish()
