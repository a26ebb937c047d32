"""The demo over a few packages and a repository with many commits, once for all its tests."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.demo.running import PACKAGES, Demo, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMITS = 8000
LONG = "a long way down " * 80


@pytest.fixture(scope="session")
def long_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose log is far longer than what pipes and sockets hold."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    commits = "".join(
        f"commit refs/heads/main\ncommitter A <a@b.c> {n} +0000\ndata <<.\ncommit {n} {LONG}\n.\n\n"
        f"M 644 inline file\ndata <<.\n{n}\n.\n\n"
        for n in range(1, COMMITS + 1)
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=commits.encode(), check=True)
    subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/main"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, long_history: Path) -> Iterator[Demo]:
    with serving(tmp_path_factory.mktemp("cache"), long_history, PACKAGES) as running:
        yield running
