"""uv.lock fits pyproject.toml, and nothing is installed that a hash does not vouch for."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.gate.commands import ROOT, UV, check

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = sorted([ROOT / "uv.lock", *(ROOT / "bench").glob("*/uv.lock")])
OWN = ({"editable": "."}, {"virtual": "."}, {"editable": "../../"})


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_comes_from_pypi_with_its_hash(path: Path) -> None:
    packages = tomllib.loads(path.read_text(encoding="utf-8"))["package"]
    foreign = [package for package in packages if package["source"] not in OWN]
    assert foreign
    assert [
        entry["name"] for entry in foreign if entry["source"] != {"registry": "https://pypi.org/simple"}
    ] == []
    files = [file for entry in foreign for file in (*entry.get("wheels", ()), entry.get("sdist"))]
    assert [file for file in files if file and not file["hash"].startswith("sha256:")] == []


def test_the_lock_is_current() -> None:
    check(*UV, "lock", "--check", "--offline")
