"""docs/seeds.md names tests that exist and carry the id they are named for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "seeds.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<id>[A-Z]\d+) \|.*\| (?P<tests>`.*`) \|$", re.MULTILINE)
TEST = re.compile(r"`(?P<path>[\w/.]+)::(?P<name>\w+)`")

NAMED = [
    (row["id"], test["path"], test["name"])
    for row in ROW.finditer(PAGE)
    for test in TEST.finditer(row["tests"])
]


def seeds_of(path: str, name: str) -> set[str]:
    """The ids in the decorators of one test."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    assert functions, f"{path} has no {name}"
    calls = [node for decorator in functions[0].decorator_list for node in ast.walk(decorator)]
    return {
        str(argument.value)
        for call in calls
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.seed"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }


@pytest.mark.parametrize(("seed", "path", "name"), NAMED)
def test_the_test_carries_the_id(seed: str, path: str, name: str) -> None:
    assert seed in seeds_of(path, name)


def test_every_id_is_there() -> None:
    named = {"V1", "V2", "V3", "V4", "V5", "V6", "V7", "G1", "G3", "E1", *(f"R{n}" for n in range(1, 26))}
    assert {seed for seed, _, _ in NAMED} >= named
