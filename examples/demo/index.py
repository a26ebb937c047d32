"""The index: every function and class of this machine's Python in SQLite, readable while it grows."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.demo.build import definitions, find_sources
from examples.demo.parse import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

COLUMNS = Row._fields
CREATE = f"CREATE TABLE definition (id INTEGER PRIMARY KEY, {', '.join(COLUMNS)})"
# No input in these statements, only the names above.
INSERT = f"INSERT INTO definition ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - names
SELECT = (
    f"SELECT id, {', '.join(COLUMNS)} FROM definition WHERE id > ? AND module = ifnull(?, module) ORDER BY id"  # noqa: S608 - names
)
FETCH = 500

Item = dict[str, Any]


class IndexFailedError(Exception):
    """The index could not be built; the cause stands in the server's log."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index is: `building`, `ready` or `failed`; `cached` if an earlier start has built it."""

    state: str = "building"
    files: int = 0
    total: int = 0
    rows: int = 0
    seconds: float = 0.0
    cached: bool = False


class Index:
    """The rows of `roots`, kept in `cache` under `stamp`: built once, found again at the next start.

    `report` is called with each step of the building, from its thread.
    """

    def __init__(
        self, cache: Path, roots: Sequence[Path], stamp: str, report: Callable[[Progress], None] | None = None
    ) -> None:
        self._roots = roots
        self._final = cache / f"index-{stamp}.sqlite3"
        self._path = self._final
        self._report = report
        self._progress = Progress()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def progress(self) -> Progress:
        """How far the index is right now."""
        return self._progress

    def open(self) -> None:
        """Take the index an earlier start has left, or begin to build one in a thread of its own."""
        if self._final.exists():
            with closing(self._connect(self._final)) as db:
                rows = db.execute("SELECT count(*) FROM definition").fetchone()[0]
            self._tell(Progress("ready", rows=rows, cached=True))
            return
        # Built apart and copied when it is whole: two starts at once do not disturb each other.
        self._folder = tempfile.TemporaryDirectory(prefix="tailrace-demo-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name) / "building.sqlite3"
        with closing(sqlite3.connect(self._path)) as db:
            _prepare(db)
        self._thread = threading.Thread(target=self._build, name="index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop building. What was not finished is not kept."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._folder is not None:
            self._folder.cleanup()

    def read(self, module: str | None = None) -> Iterator[Item]:
        """Give every row (of `module`), and while the index is being built also those that are found later."""
        last = 0
        while True:
            before = self._progress  # looked at first, so that no row found in between is missed
            with closing(self._connect(self._path)) as db:
                cursor = db.execute(SELECT, (last, module))
                while batch := cursor.fetchmany(FETCH):
                    last = batch[-1][0]
                    for _, *values in batch:
                        yield dict(zip(COLUMNS, values, strict=True))
            if before.state == "failed":
                raise IndexFailedError
            if before.state == "ready":
                return
            self._wait(before)

    def watch(self) -> Iterator[Progress]:
        """Give each step of the building, until it is over."""
        while True:
            seen = self._progress
            yield seen
            if seen.state != "building":
                return
            self._wait(seen)

    def _wait(self, seen: Progress) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._progress is not seen)

    def _tell(self, progress: Progress) -> None:
        with self._changed:
            self._progress = progress
            self._changed.notify_all()
        if self._report is not None:
            self._report(progress)

    def _connect(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)

    def _build(self) -> None:
        try:
            with closing(sqlite3.connect(self._path)) as db:
                self._fill(db)
                if self._stop.is_set():
                    self._tell(replace(self._progress, state="failed"))
                else:
                    self._tell(replace(self._progress, state="ready"))
                    self._keep(db)
        except BaseException:
            self._tell(replace(self._progress, state="failed"))
            raise

    def _fill(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA synchronous = OFF")  # what a crash would lose is built again anyway
        began = time.monotonic()
        sources = find_sources(self._roots)
        self._tell(Progress(total=len(sources)))
        for files, rows in definitions(sources, self._stop):
            db.executemany(INSERT, rows)
            db.commit()
            now = self._progress
            seconds = time.monotonic() - began
            self._tell(replace(now, files=now.files + files, rows=now.rows + len(rows), seconds=seconds))

    def _keep(self, db: sqlite3.Connection) -> None:
        """Put the finished index where the next start finds it: whole, or not at all."""
        self._final.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._final.with_suffix(f".{os.getpid()}")
        unfinished.unlink(missing_ok=True)
        db.execute("VACUUM INTO ?", (str(unfinished),))
        unfinished.replace(self._final)
        for old in self._final.parent.glob("index-*.sqlite3"):
            if old != self._final:
                old.unlink(missing_ok=True)


def _prepare(db: sqlite3.Connection) -> None:
    """Make the table, under a journal that lets others read while one writes."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(CREATE)
    db.commit()
