"""The benchmarks' own judgement: which rows are right, and what is said to be reached. Figures are taken by hand."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from bench.bulk import Figures, verdicts
from bench.cases import BULK, Case, Target
from bench.check import check_rows
from bench.django import tables
from bench.django_cases import MADE, STORED, STORED_PEAK_TARGET
from bench.peers.rows import BLOCK, FIRST_STORED, ROWS
from bench.server import ServerError

NDJSON, ARRAY, CSV = "application/x-ndjson", "application/json", "text/csv"


def rows(count: int = BLOCK, *, stored: bool = False) -> list[dict[str, Any]]:
    made = [{**row, "created": row["created"].isoformat()} for row in ROWS * (count // BLOCK)]
    return [{**row, "id": FIRST_STORED + number} for number, row in enumerate(made)] if stored else made


def body(accept: str, found: list[Any]) -> bytes:
    if accept == ARRAY:
        return json.dumps(found).encode()
    if accept == NDJSON:
        return "".join(f"{json.dumps(row)}\n" for row in found).encode()
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(found[0]))
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue().encode()


@pytest.mark.parametrize("accept", [NDJSON, ARRAY, CSV])
@pytest.mark.parametrize("stored", [False, True])
def test_the_right_rows_are_accepted(accept: str, stored: bool) -> None:  # noqa: FBT001 - a parameter of the test
    check_rows(body(accept, rows(2 * BLOCK, stored=stored)), accept, "rows", stored=stored)


def test_rows_from_the_database_may_be_lists() -> None:
    lists = [list(row.values()) for row in rows(stored=True)]
    check_rows(body(NDJSON, lists), NDJSON, "rows", stored=True)


@pytest.mark.parametrize(
    "found",
    [
        [],
        rows(stored=True)[:-1],
        rows(),
        [*rows(stored=True)[:-1], {**rows(stored=True)[-1], "price": 0}],
        rows(stored=True)[::-1],
    ],
    ids=["none", "one too few", "not from the database", "a wrong one", "another order"],
)
def test_wrong_rows_are_refused(found: list[Any]) -> None:
    with pytest.raises(ServerError, match="not those that were to come"):
        check_rows(body(NDJSON, found), NDJSON, "rows", stored=True)


@pytest.mark.parametrize("cases", [BULK, MADE, STORED])
def test_a_target_names_a_case_of_its_own_table(cases: tuple[Case, ...]) -> None:
    keys = [case.key for case in cases]
    assert len(set(keys)) == len(keys)
    assert {target.than for case in cases for target in case.targets} - set(keys) == set()


def test_both_halves_of_django_can_be_chosen_from() -> None:
    assert {case.key for case in MADE} & {case.key for case in STORED} == set()


@pytest.mark.parametrize(
    ("cpu", "peak", "first", "said"),
    [
        (1.7, 1.0, 0.002, ["≤ 1.8 × F: 1.70 reached"]),
        (2.7, 1.0, 0.002, ["≤ 1.8 × F: 2.70 NOT reached, by 50%"]),
        (1.7, 3.0, 0.002, ["≤ 1.8 × F: 1.70 reached", "peak ≤ 2 MiB: NOT reached"]),
        (1.7, 1.0, 0.005, ["≤ 1.8 × F: 1.70 reached", "first byte ≤ raw + 2 ms: NOT reached, 4.0 ms"]),
    ],
)
def test_what_is_missed_is_said(cpu: float, peak: float, first: float, said: list[str]) -> None:
    ours = Case("ours", "ours", "django_ours:asgi", "/", targets=(Target("F", most=1.8),))
    seen = Figures(1000, cpu=[cpu], first=[first], peak=[peak * 2**20])
    every = {"F": Figures(1000, cpu=[1.0]), "raw": Figures(1000, cpu=[0.1], first=[0.001])}
    assert verdicts(ours, seen, every) == said


class Ran:
    """A run of `bench django` whose figures are given."""

    def __init__(self, peak: float) -> None:
        case = next(case for case in STORED if case.ours)
        seen = Figures(1000, cpu=[1.0], wall=[1.0], first=[0.001], peak=[peak])
        self.made = SimpleNamespace(figures={})
        self.stored = SimpleNamespace(figures={case.key: seen})
        self.database = "PostgreSQL"


@pytest.mark.parametrize(
    ("peak", "missed", "said"),
    [
        (STORED_PEAK_TARGET, 0, "peak ≤ 32 MiB: reached"),
        (STORED_PEAK_TARGET + 1, 1, "peak ≤ 32 MiB: NOT reached"),
    ],
)
def test_memory_of_rows_from_the_database_has_its_verdict(peak: int, missed: int, said: str) -> None:
    found, count = tables(Ran(peak))  # type: ignore[arg-type]  # it has what is read of a run
    [(title, table)] = found
    assert (title, count) == ("From PostgreSQL", missed)
    assert table.markdown().endswith(f"{said} |")
