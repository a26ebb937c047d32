"""No file, function or list of parameters is larger than can be read at once, the tests' own included."""

from __future__ import annotations

import pytest

from tests.gate.commands import ROOT, python_files
from tests.gate.sizes import too_large


def test_nothing_is_too_large() -> None:
    files = python_files()
    assert {"src", "tests", "tools"} <= {path.relative_to(ROOT).parts[0] for path in files}
    found = [
        f"{path.relative_to(ROOT)}: {what}"
        for path in files
        for what in too_large(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def names(count: int) -> str:
    return ", ".join(f"p{number}" for number in range(count))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\n" * 300, []),
        ("x = 1\n" * 301, ["301 lines; a file has at most 300"]),
        ("def f():\n" + "    x = 1\n" * 39, []),
        ("async def f():\n" + "    x = 1\n" * 40, ["line 1: f has 41 lines; a function has at most 40"]),
        ('def f():\n    """Say\n\n    more.\n    """\n' + "    x = 1\n" * 39, []),
        (f"class C:\n    def f(self, {names(8)}): ...\n", []),
        (f"def f({names(9)}): ...\n", ["line 1: f has 9 parameters; a function has at most 8"]),
        (f"def f({names(6)}, *a, k=1, **b): ...\n", ["line 1: f has 9 parameters; a function has at most 8"]),
    ],
)
def test_what_is_too_large_is_seen(source: str, expected: list[str]) -> None:
    assert list(too_large(source)) == expected
