"""This machine as a document: parts that take the time they take, side by side."""

from __future__ import annotations

import asyncio
import platform
import re
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from examples.demo.machine import memory
from tailrace import Abort, Problem, defer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Item = dict[str, Any]

PROJECT = Path(__file__).resolve().parents[2]
IMPORTS = "import examples.demo.app"
TIMED = re.compile(
    r"^import time: +(\d+) \| +(\d+) \| *(\S+)", re.MULTILINE
)  # microseconds; the heading has none
SAMPLE = 1.0
TOP = 8


def host() -> Item:
    """Tell what this machine is, and how busy."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count(),
        "load": psutil.getloadavg(),
        "booted": datetime.fromtimestamp(psutil.boot_time(), UTC),
        "memory": memory(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


async def busiest() -> list[Item]:
    """Sample every process over a second; give those that worked most, by name, without command lines."""
    watched = await asyncio.to_thread(_processes)
    await asyncio.sleep(SAMPLE)
    return await asyncio.to_thread(_usage, watched)


def _processes() -> list[psutil.Process]:
    found = []
    for pid in psutil.pids():
        try:
            process = psutil.Process(pid)
            process.cpu_percent()  # from here on the next call counts
        except psutil.Error:
            continue
        found.append(process)
    return found


def _usage(watched: list[psutil.Process]) -> list[Item]:
    found = []
    for process in watched:
        try:
            with process.oneshot():
                cpu, rss = process.cpu_percent(), process.memory_info().rss
                found.append({"pid": process.pid, "name": process.name(), "cpu": cpu, "rss": rss})
        except psutil.Error:  # it has ended, or is not for this user to look at
            continue
    return sorted(found, key=itemgetter("cpu", "rss"), reverse=True)[:TOP]


async def slowest_imports() -> Item:
    """Import this demo in a Python of its own that takes the time of each module."""
    began = time.monotonic()
    async with _run(sys.executable, "-X", "importtime", "-c", IMPORTS, stderr=subprocess.PIPE) as python:
        _, said = await python.communicate()
    seconds = time.monotonic() - began
    if python.returncode:
        raise _failed("The import failed", "python", python.returncode)
    modules = [
        {"module": name, "ms": int(own) / 1000, "with_its_imports_ms": int(whole) / 1000}
        for own, whole, name in TIMED.findall(said.decode(errors="replace"))
    ]
    slowest = sorted(modules, key=itemgetter("ms"), reverse=True)[:TOP]
    return {"code": IMPORTS, "seconds": seconds, "modules": len(modules), "slowest": slowest}


async def weighed() -> AsyncIterator[Any]:
    """Give this environment's distributions: each is a part of its own, weighed in a thread."""
    for found in await asyncio.to_thread(lambda: list(distributions())):
        yield defer(weigh, found, timeout=20)


def weigh(found: Distribution) -> Item:
    """Add up a distribution's files as they are on the disk."""
    sizes = []
    for file in found.files or ():
        try:
            sizes.append(Path(file.locate()).stat().st_size)
        except OSError:  # bytecode that was listed and never written
            continue
    return {"name": found.name, "version": found.version, "files": len(sizes), "bytes": sum(sizes)}


async def git_statistics(repository: Path | None) -> Item:
    """Count what git knows of the project; a copy without history is told so."""
    if repository is None:
        why = "This copy of the project is no git repository with commits, or there is no git to read it."
        raise Abort(Problem(title="No history here", status=404, detail=why))
    log = await _git(repository, "log", "--no-show-signature", "--format=%aI%x1f%aN")
    newest = await _git(repository, "log", "--no-show-signature", "-1", "--format=%h%x1f%s")
    files = await _git(repository, "ls-files", "-z")
    shallow = await _git(repository, "rev-parse", "--is-shallow-repository")
    commits = [line.split("\x1f") for line in log.splitlines()]
    dates = [datetime.fromisoformat(date) for date, _ in commits]
    commit, subject = newest.rstrip("\n").split("\x1f", 1)
    return {
        "commits": len(commits),
        "authors": len({author for _, author in commits}),
        "files": files.count("\0"),
        "first": min(dates),
        "last": max(dates),
        "newest": {"commit": commit, "subject": subject},
        "weekdays": [sum(date.weekday() == day for date in dates) for day in range(7)],
        "shallow": shallow.strip() == "true",
    }


async def _git(repository: Path, *arguments: str) -> str:
    async with _run("git", *arguments, cwd=repository, stdout=subprocess.PIPE) as git:
        output, _ = await git.communicate()
    if git.returncode:
        raise _failed("git failed", f"git {arguments[0]}", git.returncode)
    return output.decode(errors="replace")


def _failed(title: str, program: str, status: int | None) -> Abort:
    return Abort(Problem(title=title, status=502, detail=f"{program} ended with status {status}."))


@asynccontextmanager
async def _run(*command: str, **options: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program that does not outlive whoever waits for it."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        program = await asyncio.create_subprocess_exec(*command, **{"cwd": PROJECT, **quiet, **options})
    except OSError as error:
        why = f"{Path(command[0]).name} cannot be started on this machine."
        raise Abort(Problem(title="A program is missing", status=501, detail=why)) from error
    try:
        yield program
    finally:  # the reader may have left
        if program.returncode is None:
            program.kill()
            await program.wait()
