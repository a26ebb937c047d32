"""The index's progress in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from examples.demo.index import Progress

WIDTH = 28


class Bar:
    """Draws each `Progress` it is called with: on one line of a terminal, or elsewhere only the outcome."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()

    def __call__(self, progress: Progress) -> None:
        if progress.state == "building" and not self._live:
            return
        end = "" if progress.state == "building" else "\n"
        start, clear = ("\r", "\x1b[K") if self._live else ("", "")
        self._out.write(start + describe(progress) + clear + end)
        self._out.flush()


def describe(progress: Progress) -> str:
    """One line on how far the index is."""
    rows = f"{progress.rows:,} functions and classes"
    if progress.state == "failed":
        return f"index: given up after {rows}"
    if progress.cached:
        return f"index: {rows}, kept from an earlier start"
    if progress.state == "ready":
        return f"index: {rows} from {progress.files:,} files in {progress.seconds:.1f} s"
    done = WIDTH * progress.files // max(progress.total, 1)
    return f"index: [{'#' * done}{'.' * (WIDTH - done)}] {progress.files:,}/{progress.total:,} files, {rows}"
