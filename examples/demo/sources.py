"""What the index gives: ordinary generators, which know nothing of formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import HTTPException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.demo.index import Index, Item


def functions(index: Index, rows: int | None = None) -> Iterator[Item]:
    """Give this Python's functions and classes, cycling up to `rows`."""
    n = 0
    while rows is None or n < rows:
        before = n
        for row in index.read():
            n += 1
            yield {"n": n, **row}
            if n == rows:
                return
        if rows is None or n == before:
            return


def lines_per_argument(index: Index) -> Iterator[Item]:
    """Weigh each method's length by its arguments. Some have none: a bug."""
    for row in index.read():
        if row["kind"] == "method":
            ratio = row["lines"] / row["arguments"]
            yield {
                "method": row["qualname"],
                "module": row["module"],
                "lines_per_argument": ratio,
            }


def members(index: Index, module: str) -> Iterator[Item]:
    """Give one module's functions and classes; if it has none, a real 404."""
    found = False
    for row in index.read(module):
        found = True
        yield row
    if not found:
        raise HTTPException(404, f"The index has no module {module}.")
