"""The project's history as git tells it; where there is none, the packages installed beside it."""

from __future__ import annotations

import asyncio
import subprocess
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

Item = dict[str, Any]

LOG = ("git", "log", "--no-show-signature", "--numstat", "--format=tformat:%x1e%h%x1f%an%x1f%aI%x1f%s")
LINE_LIMIT = 1024 * 1024


class GitFailedError(Exception):
    """git ended with an error."""


async def commits(repository: Path) -> AsyncIterator[Item]:
    """Give the commits of `repository`, newest first, as git writes them."""
    git, output = await _log(repository)
    try:
        commit: Item | None = None
        async for line in output:
            text = line.decode(errors="replace").rstrip("\n")
            if text.startswith("\x1e"):
                if commit:
                    yield commit
                commit = _commit(text)
            elif commit and text:
                commit["changes"].append(_change(text))
        if commit:
            yield commit
        if await git.wait():
            raise GitFailedError(git.returncode)
    finally:  # the reader may have left: git would wait for it for ever
        if git.returncode is None:
            git.kill()
            await git.wait()


async def _log(repository: Path) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
    git = await asyncio.create_subprocess_exec(
        *LOG, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, limit=LINE_LIMIT
    )
    return git, cast("asyncio.StreamReader", git.stdout)  # a pipe was asked for


def _commit(line: str) -> Item:
    commit, author, date, subject = line[1:].split("\x1f", 3)
    return {"commit": commit, "date": date, "author": author, "subject": subject, "changes": []}


def _change(numstat: str) -> Item:
    added, removed, path = numstat.split("\t", 2)
    return {"path": path, "added": _lines(added), "removed": _lines(removed)}


def _lines(count: str) -> int | None:
    return int(count) if count.isdigit() else None  # `-`: the file is binary


def packages() -> Iterator[Item]:
    """Give the distributions installed in this environment."""
    for found in distributions():
        yield {
            "package": found.name,
            "version": found.version,
            "summary": found.metadata.json.get("summary", ""),
            "files": len(found.files or ()),
            "requires": len(found.requires or ()),
        }


def find_repository(folder: Path) -> Path | None:
    """Give `folder` if it is a repository with at least one commit and there is a git to read it."""
    if not (folder / ".git").exists():  # not that of a folder further up: its history is not the project's
        return None
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", "HEAD"], cwd=folder, capture_output=True, check=False
        )
    except OSError:
        return None
    return folder if head.returncode == 0 else None
