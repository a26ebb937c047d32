"""How a stream of JSON texts says that it failed: by a last record that no parser accepts."""

from __future__ import annotations

from typing import Any

from tailrace._json import decode, dumps, escape_line_separators
from tailrace._model import Problem
from tailrace.errors import DecodeError, StreamFailed


def open_problem(problem: Problem) -> bytes:
    """`{"problem":{…}` without its last brace."""
    return escape_line_separators(dumps({"problem": problem.members()})[:-1])


def refuse_failed(rest: bytes, depth: int) -> None:
    """Raise `StreamFailed` where `rest`, with which a body ends, is an open problem."""
    try:
        failed: Any = decode(rest + b"}", depth=depth, record=0, offset=0)
    except DecodeError:
        return
    if isinstance(failed, dict) and list(failed) == ["problem"] and isinstance(failed["problem"], dict):  # pyright: ignore[reportUnknownArgumentType] - any object
        raise StreamFailed(Problem.of(failed["problem"]))  # pyright: ignore[reportUnknownArgumentType] - the same
