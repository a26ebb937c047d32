"""Processes that end with the run, however it ends.

A test ends what it has started. For a run that is itself killed there is a keeper: a process that is told of each
group, and ends those that are left when its input does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

GRACE: Final = 2.0
_keepers: list[subprocess.Popen[bytes]] = []
"""One for the run, made when there is something to keep."""


def spawn(words: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
    """A process in a group of its own."""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    _tell(b"+%d\n", process.pid)
    return process


def end(process: subprocess.Popen[Any], how: signal.Signals = signal.SIGKILL) -> None:
    """End a process with its whole group: as it is told to, and at once whatever is left then or after ten seconds."""
    _signal(process.pid, how)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    _signal(process.pid, signal.SIGKILL)
    process.wait()
    _tell(b"-%d\n", process.pid)


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


def _tell(what: bytes, group: int) -> None:
    if not _keepers:
        words = [sys.executable, "-IS", __file__]
        _keepers.append(subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True))
    pipe = _keepers[0].stdin
    assert pipe is not None
    pipe.write(what % group)
    pipe.flush()


def dismiss() -> None:
    """Let the keeper end what is left, and wait for it."""
    while _keepers:
        _keepers.pop().communicate()


def keep(lines: Iterable[str]) -> None:
    """The keeper: end the groups that were not taken back before the lines ended."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    for how in (signal.SIGTERM, signal.SIGKILL):
        groups = {group for group in groups if _signal(group, how)}
        deadline = time.monotonic() + GRACE
        while any(_signal(group, 0) for group in groups) and time.monotonic() < deadline:
            time.sleep(0.05)


if __name__ == "__main__":
    keep(sys.stdin)
