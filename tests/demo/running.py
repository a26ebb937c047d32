"""Running the demo as a process of its own, over a few packages."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

STDLIB = Path(sysconfig.get_path("stdlib"))
PACKAGES = [
    *(STDLIB / name for name in ("asyncio", "email", "json", "unittest")),
    ROOT / "tests/demo/package",  # has what not every build of Python has: a method without arguments
]


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    process: subprocess.Popen[str]
    port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serving(cache: Path, repository: Path, packages: list[Path]) -> Iterator[Demo]:
    command: list[str | Path] = [sys.executable, HERE / "small_demo.py", cache, repository, *packages]
    pipe = subprocess.PIPE
    with processes.running(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        with server.stdout, server.stderr:
            yield Demo(server, int(server.stdout.readline()))


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for `condition`, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)
