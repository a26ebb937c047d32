"""Ruff with all its rules, its format, and a reason beside every exception from a rule."""

from __future__ import annotations

import re
import sys

import pytest

from tests.gate.commands import ROOT, check, python_files

RUFF = [sys.executable, "-m", "ruff"]

# `noqa: X - why`; `type: ignore[x]  # why`; `pyright: ignore[x]` beside a `type: ignore` shares its reason.
SUPPRESSIONS = {
    "noqa": re.compile(r"#\s*noqa(?P<codes>: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*)?(?P<rest>.*)"),
    "type: ignore": re.compile(r"#\s*type:\s*ignore(?P<codes>\[[a-z, -]+\])?(?P<rest>.*)"),
    "pyright: ignore": re.compile(r"#\s*pyright:\s*ignore(?P<codes>\[\w[\w, ]*\])?(?P<rest>.*)"),
}


def test_ruff_finds_nothing() -> None:
    check(*RUFF, "check", "--no-cache", "--output-format", "concise", ".")


def test_ruff_would_format_nothing() -> None:
    check(*RUFF, "format", "--no-cache", "--check", ".")


def complaints(line: str) -> list[str]:
    """What is wrong with the suppressions in `line`."""
    found: list[str] = []
    for name, pattern in SUPPRESSIONS.items():
        match = pattern.search(line)
        if match is None:
            continue
        if not match["codes"]:
            found.append(f"{name} names no code")
        if not re.search(r"\w{2}", match["rest"]):
            found.append(f"{name} gives no reason")
    return found


def test_every_suppression_names_its_code_and_its_reason() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {complaint}"
        for path in python_files()
        if path.name != "test_lint.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for complaint in complaints(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("id = 1  # noqa: A001 - the standard's word", []),
        ("id = 1  # noqa: A001", ["noqa gives no reason"]),
        ("id = 1  # noqa", ["noqa names no code", "noqa gives no reason"]),
        ("x = y  # type: ignore[misc]  # the stubs lag behind", []),
        ("x = y  # type: ignore[misc]", ["type: ignore gives no reason"]),
        ("x = y  # pyright: ignore", ["pyright: ignore names no code", "pyright: ignore gives no reason"]),
    ],
)
def test_a_suppression_without_a_reason_is_seen(line: str, expected: list[str]) -> None:
    assert complaints(line) == expected


def test_every_ignored_rule_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lint = text[text.index("[tool.ruff.lint]") :].split("\n[tool.ruff.lint.flake8", 1)[0]
    rules = [line for line in lint.splitlines() if re.match(r'\s+"[A-Z]+[0-9]*",', line)]
    assert rules
    assert [line for line in rules if not re.search(r"# \w", line)] == []
