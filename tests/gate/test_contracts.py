"""The import contracts of pyproject.toml hold, and each is seen to break on an import that it forbids."""

from __future__ import annotations

import shutil
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.gate.commands import ROOT, check, run

if TYPE_CHECKING:
    from pathlib import Path

LINT = [
    sys.executable,
    "-c",
    "from importlinter.cli import lint_imports_command; lint_imports_command()",
    "--no-cache",
]

# Contract, module, and an import there that the contract is against.
FORBIDDEN = [
    ("hourglass", "_model.py", "import tailrace._json"),
    ("hourglass", "_source.py", "import tailrace._drive"),
    ("hourglass", "_new.py", ""),
    ("pure", "_json.py", "import asyncio"),
    ("pure", "_negotiate.py", "import starlette"),
    ("pure", "formats/ndjson.py", "import anyio"),
    ("pure", "formats/event_stream.py", "import tailrace._drive"),
    ("pump", "_drive.py", "import starlette"),
    ("pump", "_source.py", "import fastapi"),
    ("facade", "__init__.py", "import tailrace.asgi"),
    ("facade", "__init__.py", "import fastapi"),
    ("hourglass", "client/_aio.py", "import tailrace.testing"),
    ("pure", "client/_session.py", "import httpx2"),
    ("pure", "_resume.py", "import time"),
    ("facade", "__init__.py", "import tailrace.client"),
    ("readers", "client/_base.py", "import tailrace.asgi"),
    ("readers", "client/_aio.py", "import rich"),
    ("shells", "client/_sync.py", "import tailrace.client._aio"),
    ("skins", "starlette.py", "import fastapi"),
    ("skins", "asgi.py", "import tailrace.fastapi"),
    ("bare", "asgi.py", "import starlette"),
    ("bare", "wsgi.py", "import asgiref"),
    ("skins", "wsgi.py", "import django"),
    ("django", "django/_stream.py", "import rest_framework"),
    ("django", "django/_response.py", "import tailrace.asgi"),
    ("pump", "_lane.py", "import tailrace._ferry"),
]


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_the_contracts_hold() -> None:
    check(*LINT)


def test_each_contract_has_a_negative_control() -> None:
    assert {contract["id"] for contract in contracts()} == {name for name, _, _ in FORBIDDEN}


@pytest.mark.parametrize(("contract", "module", "line"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(
    contract: str, module: str, line: str, tmp_path: Path
) -> None:
    copy = tmp_path / "tailrace"
    shutil.copytree(ROOT / "src" / "tailrace", copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")

    done = run(
        *LINT,
        "--config",
        ROOT / "pyproject.toml",
        "--contract",
        contract,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )

    name = next(entry["name"] for entry in contracts() if entry["id"] == contract)
    said = " ".join(done.stdout.split())  # its lines are broken to the width of a terminal
    assert done.returncode == 1
    assert f"{name} BROKEN" in said, done.stdout
    assert "0 kept, 1 broken" in said
