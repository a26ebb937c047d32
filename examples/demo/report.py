"""A report on the project's own source that is written while the source is read."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from examples.demo.parse import Row, Source, parse_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

TOPS = ("src", "examples", "tools", "tests")


class Tally(NamedTuple):
    """What some files hold."""

    files: int
    lines: int
    functions: list[Row]
    classes: int


async def report(project: Path) -> AsyncIterator[str]:
    """Write a sentence on each folder of `project` as soon as its files are read, and then on all."""
    tallies = []
    for folder in await asyncio.to_thread(folders, project):
        tallies.append(await asyncio.to_thread(read, project, folder))
        yield _sentence(folder.relative_to(project).as_posix(), tallies[-1])
    yield _conclusion(_sum(tallies)) if tallies else "There is no source beside this demo."


def folders(project: Path) -> list[Path]:
    """Find the folders of `project` that have Python files in them."""
    found = []
    for top in TOPS:
        for folder, inner, files in os.walk(project / top):
            inner[:] = sorted(name for name in inner if not name.startswith((".", "__")))
            if any(name.endswith(".py") for name in files):
                found.append(Path(folder))
    return found


def read(project: Path, folder: Path) -> Tally:
    """Read one folder's own files."""
    files = sorted(file for file in folder.glob("*.py") if file.is_file())
    rows = [row for file in files for row in parse_file(Source(str(project), str(file)))]
    functions = [row for row in rows if row.kind != "class"]
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    return Tally(len(files), lines, functions, len(rows) - len(functions))


def _sum(tallies: Iterable[Tally]) -> Tally:
    files, lines, functions, classes = zip(*tallies, strict=True)
    return Tally(sum(files), sum(lines), [row for rows in functions for row in rows], sum(classes))


def _sentence(name: str, tally: Tally) -> str:
    start = f"{name}: {_many(tally.lines, 'line')} in {_many(tally.files, 'file')}"
    if not tally.functions:
        return f"{start}, and no function.\n"
    longest = _longest(tally.functions)
    many = _many(len(tally.functions), "function")
    return f"{start}, {many}, the longest {longest.qualname} with {longest.lines}.\n"


def _conclusion(tally: Tally) -> str:
    functions = tally.functions
    counts = f"{_many(tally.lines, 'line')}, {_many(len(functions), 'function')}"
    if not functions:
        return f"\nAll in all: {counts}.\n"
    longest, widest = _longest(functions), max(functions, key=lambda row: row.arguments)
    waits = sum(row.kind.startswith("async") for row in functions)
    documented = sum(bool(row.doc) for row in functions)
    return (
        f"\nAll in all: {counts}, {_many(tally.classes, 'class', 'classes')}. "
        f"The longest function is {longest.qualname} ({longest.file}) with {longest.lines} lines; "
        f"the most arguments, {widest.arguments}, has {widest.qualname} ({widest.file}). "
        f"{waits / len(functions):.0%} of the functions are async, "
        f"{documented / len(functions):.0%} say what they do, "
        f"and half of them have {_median(functions)} lines or fewer.\n"
    )


def _longest(functions: list[Row]) -> Row:
    return max(functions, key=lambda row: row.lines)


def _median(functions: list[Row]) -> int:
    return sorted(row.lines for row in functions)[(len(functions) - 1) // 2]


def _many(count: int, one: str, more: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
