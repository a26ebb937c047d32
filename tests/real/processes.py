"""Processes that end with the run, however it ends.

A test ends what it has started. For a run that is itself killed there is a keeper: a process that is told of each
group and each folder, and ends and removes those that are left when its input does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

GRACE: Final = 2.0
PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_keepers: list[subprocess.Popen[bytes]] = []
"""One for the run, made when there is something to keep."""


def spawn(words: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
    """A process in a group of its own."""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    _tell(f"+{process.pid}")
    return process


def end(process: subprocess.Popen[Any], how: signal.Signals = signal.SIGKILL) -> None:
    """End a process with its whole group: as it is told to, and at once whatever is left then or after ten seconds."""
    _signal(process.pid, how)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    _signal(process.pid, signal.SIGKILL)
    process.wait()
    _tell(f"-{process.pid}")


def _signal(group: int, how: int) -> bool:
    """Whether there was somebody to take it."""
    try:
        os.killpg(group, how)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def running(words: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process for the time of a `with`; it may put its things away."""
    process = spawn(words, **options)
    try:
        yield process
    finally:
        end(process, signal.SIGTERM)


def end_with_parent() -> None:
    """Have the system end this process with the one that started it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A folder for the time of a `with`."""
    with tempfile.TemporaryDirectory(prefix=prefix) as place:
        _tell(f"+{place}")
        yield Path(place)
    _tell(f"-{place}")


def _tell(what: str) -> None:
    if not _keepers:
        words = [sys.executable, "-IS", __file__]
        _keepers.append(subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True))
    pipe = _keepers[0].stdin
    assert pipe is not None
    pipe.write(f"{what}\n".encode())
    pipe.flush()


def dismiss() -> None:
    """Let the keeper end what is left, and wait for it."""
    while _keepers:
        _keepers.pop().communicate()


def keep(lines: Iterable[str]) -> None:
    """The keeper: end and remove what was not taken back before the lines ended."""
    left: set[str] = set()
    for line in lines:
        change = left.add if line[0] == "+" else left.discard
        change(line[1:].rstrip("\n"))
    groups = {int(name) for name in left if name.isdecimal()}
    folders = {name for name in left if not name.isdecimal()}
    for how in (signal.SIGTERM, signal.SIGKILL):
        groups = {group for group in groups if _signal(group, how)}
        deadline = time.monotonic() + GRACE
        while any(_signal(group, 0) for group in groups) and time.monotonic() < deadline:
            time.sleep(0.05)
    for name in folders:
        shutil.rmtree(name, ignore_errors=True)


if __name__ == "__main__":
    keep(sys.stdin)
