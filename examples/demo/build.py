"""Finding Python source, parsing it in several processes, in a stable order."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import sysconfig
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from examples.demo.parse import Row, Source, parse_files, prepare_worker

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator, Sequence

BATCH = 24
PACKAGES = {"site-packages", "dist-packages"}


def python_roots() -> list[Path]:
    """Find the folders of this Python's standard library and of the packages it imports."""
    found = [Path(sysconfig.get_path("stdlib"))]
    found += [Path(entry) for entry in sys.path if Path(entry).name in PACKAGES]
    return list(dict.fromkeys(root.resolve() for root in found if root.is_dir()))


def stamp(roots: Iterable[Path]) -> str:
    """Sum up in 16 letters what an index of `roots` depends on: Python, the folders, their distributions."""
    parts = [sys.version, *Row._fields]
    for root in roots:
        parts.append(str(root))
        parts += sorted(entry.name for entry in root.glob("*.*-info"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def find_sources(roots: Iterable[Path]) -> list[Source]:
    """Every Python file below `roots`, each root in the order of its names."""
    return [Source(str(root), path) for root in roots for path in _walk(root)]


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - PACKAGES - {"__pycache__"})
        yield from (os.path.join(folder, name) for name in sorted(files) if name.endswith(".py"))  # noqa: PTH118 - 10^4 files


def definitions(sources: Sequence[Source], stop: threading.Event) -> Iterator[tuple[int, list[Row]]]:
    """Parse `sources` in a process for each core; give, in order, the number of files and their rows."""
    batches = [sources[at : at + BATCH] for at in range(0, len(sources), BATCH)]
    pool = _pool()
    parsed = map(parse_files, batches) if pool is None else pool.map(parse_files, batches)
    try:
        for batch, rows in zip(batches, parsed, strict=True):
            if stop.is_set():
                return
            yield len(batch), rows
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _pool() -> ProcessPoolExecutor | None:
    """The processes; None on a machine that gives them no shared memory, where this one does it all."""
    try:
        return ProcessPoolExecutor(
            max_workers=min(_cores(), 8),
            mp_context=multiprocessing.get_context("spawn"),  # a fork would inherit the server's sockets
            initializer=prepare_worker,
        )
    except OSError:
        return None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
