"""Run a program on the project and show all that it said where it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = [sys.executable, "-m", "uv"]


def run(
    *command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None, timeout: float = 110
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def check(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    done = run(*command, cwd=cwd, env=env)
    assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def python_files() -> list[Path]:
    """Every Python file of the project itself."""
    folders = ("bench", "examples", "src", "tests", "tools")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    foreign = {"node_modules", ".venv", "__pycache__"}
    return sorted([ROOT / "run.py", *(path for path in found if not foreign & set(path.parts))])
