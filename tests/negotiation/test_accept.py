"""Which format answers: vectors/accept.json, and what an offer may be."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace import CSV, JSON, NDJSON, Bytes, EventStream, Offer, Text
from tailrace._negotiate import choose
from tailrace.errors import InvalidAccept, NotAcceptable, TailraceError

if TYPE_CHECKING:
    from tailrace.formats import Format

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "vectors" / "accept.json").read_text())[
    "rows"
]
FORMATS: dict[str, Format] = {
    "json": JSON(),
    "ndjson": NDJSON(),
    "ndjson-end": NDJSON(end=True),
    "sse": EventStream(),
    "text": Text(),
    "bytes": Bytes(),
}
REFUSALS: dict[int, type[TailraceError]] = {400: InvalidAccept, 406: NotAcceptable}
THREE = Offer(JSON(), NDJSON(), EventStream())
PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=200)


@pytest.mark.parametrize("row", ROWS, ids=[str(row["name"]) for row in ROWS])
def test_row(row: dict[str, Any]) -> None:
    """The media type, of a format that has it; or the right refusal, which says why."""
    offer = Offer(*(FORMATS[name] for name in row["offer"]), query=row.get("query_parameter"))
    if "chosen" in row:
        format_, media_type = choose(row["accept"], offer, row.get("query", ""))
        assert media_type == row["chosen"]
        assert media_type in format_.media_types
        assert format_ in offer
        return
    with pytest.raises(REFUSALS[row["status"]]) as caught:
        choose(row["accept"], offer, row.get("query", ""))
    for text in row.get("says", []):
        assert text in str(caught.value)


def test_names_are_unique() -> None:
    """A failing row can be found by its name."""
    assert len({row["name"] for row in ROWS}) == len(ROWS)


def test_a_refusal_lists_what_there_is() -> None:
    """For the problem document."""
    with pytest.raises(NotAcceptable) as caught:
        choose(["image/png"], Offer(NDJSON(), EventStream()))
    assert caught.value.available == [
        *("application/x-ndjson", "application/jsonl", "application/ndjson", "text/event-stream"),
    ]


def test_a_query_needs_names_that_differ() -> None:
    with pytest.raises(ValueError, match="expected formats of different names, got csv, csv"):
        Offer(CSV(), CSV(delimiter=";"), query="format")
    assert len(Offer(CSV(), CSV(delimiter=";"))) == 2


def test_a_refused_query_lists_the_names() -> None:
    """Which are what the client can ask for."""
    with pytest.raises(NotAcceptable) as caught:
        choose([], Offer(NDJSON(), EventStream(), query="format"), "format=csv")
    assert caught.value.available == ["ndjson", "sse"]


@pytest.mark.parametrize(
    ("field", "character"),
    [
        ("json", 0),
        ("text/html, x", 10),
        ("application/json;q=2", 16),
        ("application/json text/html", 16),
        ("a/b;c", 4),
    ],
)
def test_a_malformed_field_names_the_place(field: str, character: int) -> None:
    """The character that was not understood, and the field itself."""
    with pytest.raises(InvalidAccept, match=f"expected .* at character {character}\\b") as caught:
        choose([field], THREE)
    assert repr(field) in str(caught.value)


def test_a_long_field_is_not_repeated_whole() -> None:
    """Neither in a log nor in an answer."""
    with pytest.raises(InvalidAccept) as caught:
        choose(["x" * 100_000], THREE)
    assert len(str(caught.value)) < 300
    with pytest.raises(NotAcceptable) as refused:
        choose([", ".join(["image/png"] * 10_000)], THREE)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    "field",
    [
        "," * 50_000 + "application/json",
        "a/b;" + ";" * 50_000,
        " " * 50_000 + "application/json",
        "application/json" + " " * 50_000,
        'a/b;c="' + "\\\\" * 25_000 + '"',
        'a/b;c="' + "x" * 50_000,
        "a/b" + ";c=d" * 12_000,
        ", ".join(["a/b"] * 10_000),
        "a" * 50_000,
        "a/" * 25_000,
    ],
    ids=lambda field: f"{field[:8]!r}",
)
def test_a_hostile_field_ends(field: str) -> None:
    """In time that grows with its length."""
    with contextlib.suppress(InvalidAccept, NotAcceptable):
        choose([field], THREE)


RANGES = st.sampled_from(
    [
        "*/*",
        "application/*",
        "text/*",
        "application/json",
        "application/x-ndjson",
        "application/jsonl",
        "text/event-stream",
        "image/png",
    ]
)
WEIGHTS = st.integers(0, 1000)


@PROPERTY
@given(asked=st.dictionaries(RANGES, WEIGHTS, min_size=1), data=st.data())
def test_the_best_weight_wins(asked: dict[str, int], data: st.DataObject) -> None:
    """By RFC 9110 word for word: for each type the most specific range says how much it is wanted."""

    def wanted(media_type: str) -> int:
        for media_range in (media_type, media_type.split("/", maxsplit=1)[0] + "/*", "*/*"):
            if media_range in asked:
                return asked[media_range]
        return 0

    order = data.draw(st.permutations(sorted(asked)))
    fields = [f"{media_range};q={asked[media_range] / 1000:.3f}" for media_range in order]
    on_offer = [media_type for format_ in THREE for media_type in format_.media_types]
    best = max(on_offer, key=wanted)
    for lines in (fields, [", ".join(fields)], [",".join(fields)]):
        if wanted(best):
            assert choose(lines, THREE)[1] == best
        else:
            with pytest.raises(NotAcceptable):
                choose(lines, THREE)


@PROPERTY
@given(field=st.text(st.sampled_from('*/;,= "\\q=01.5ab\t') | st.characters(max_codepoint=255), max_size=30))
def test_any_field_is_answered_or_refused(field: str) -> None:
    """Nothing that a client sends is another error than ours."""
    with contextlib.suppress(InvalidAccept, NotAcceptable):
        choose([field], THREE)


@pytest.mark.parametrize(
    "wrong", [None, "json", 5, [], [JSON], ["json"], [None], [{}], b"x", [JSON(), "sse"]], ids=repr
)
def test_formats_that_are_none_are_refused(wrong: Any) -> None:
    """When the stream is made, with what was expected."""
    with pytest.raises((TypeError, ValueError), match="expected"):
        Offer.of(wrong)


def test_offers() -> None:
    """Any iterable of formats is one."""
    assert list(Offer.of([JSON(), NDJSON()])) == [JSON(), NDJSON()]
    assert list(Offer.of(iter((NDJSON(),)))) == [NDJSON()]
    offer = Offer(NDJSON(), query="format")
    assert Offer.of(offer) is offer
    assert offer.query == "format"
    assert Offer.of([NDJSON()]).query is None
