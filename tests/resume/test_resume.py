"""vectors/resume.json: every state's answer to every signal, and what comes of it in time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailrace._resume import Reconnect, Resume, Signal, State

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "resume.json").read_text())
ROWS: list[dict[str, Any]] = VECTORS["rows"]
CELLS = [(state, signal) for state in State for signal in Signal]
WAY_TO = {
    State.IDLE: [],
    State.CONNECTING: [Signal.CONNECT],
    State.OPEN: [Signal.CONNECT, Signal.ACCEPTED],
    State.WAITING: [Signal.CONNECT, Signal.LOST],
    State.CLOSED: [Signal.CLOSE],
}


@pytest.mark.parametrize(("state", "signal"), CELLS, ids=lambda one: one.value)
def test_a_cell(state: State, signal: Signal) -> None:
    reader = Reconnect(Resume())
    for before in WAY_TO[state]:
        reader.take(before, 0.0)
    assert reader.state is state
    expected = VECTORS["cells"][signal.value][state.value]
    if expected is None:
        with pytest.raises(RuntimeError, match=f"{signal.value} cannot happen while {state.value}"):
            reader.take(signal, 1.0)
        assert reader.state is state
    else:
        assert reader.take(signal, 1.0) is State(expected)


def test_the_table_has_no_gaps() -> None:
    assert [state.value for state in State] == VECTORS["states"]
    assert set(VECTORS["cells"]) == {signal.value for signal in Signal}
    assert all(list(cells) == VECTORS["states"] for cells in VECTORS["cells"].values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_row(row: dict[str, Any]) -> None:
    reader = Reconnect(Resume(**row.get("policy", {})))
    for number, step in enumerate(row["steps"]):
        options = {name: step[name] for name in ("again", "chance", "after") if name in step}
        state = reader.take(Signal(step["signal"]), step["at"], **options)
        assert state.value == step["state"], f"step {number}"
        if "until" in step:
            assert reader.until == pytest.approx(step["until"]), f"step {number}"
        if "retry" in step:
            reader.retry(step["retry"])
        if step.get("brought"):
            reader.brought()


def test_the_names_of_rows_are_unique() -> None:
    names = [row["name"] for row in ROWS]
    assert len(names) == len(set(names))


def test_readers_that_lost_one_server_come_back_spread() -> None:
    """Of a thousand that are cut at once, no tenth of a second has more than 15 of a hundred."""
    bins = [0] * 100
    for number in range(1000):
        reader = Reconnect(Resume())
        for signal in (Signal.CONNECT, Signal.ACCEPTED):
            reader.take(signal, 0.0)
        reader.take(Signal.LOST, 60.0, chance=number / 1000)
        bins[int((reader.until - 60.0) * 10)] += 1
    assert max(bins) <= 150


@pytest.mark.parametrize(
    "options",
    [
        {"delay": -1},
        {"ceiling": "30"},
        {"healthy": None},
        {"longest": True},
        {"idle": 0},
        {"quiet": 0},
        {"attempts": -1},
        {"attempts": 1.5},
        {"attempts": True},
    ],
)
def test_a_policy_that_makes_no_sense(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=rf"Resume\({name}={options[name]!r}\): expected"):
        Resume(**options)
