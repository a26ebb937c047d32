"""The error tree: the type says whose fault it is, the text says what, where and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tailrace._model import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence


class TailraceError(Exception):
    """The root of every error that tailrace raises."""


class Abort(TailraceError):
    """Raised by a source to end its stream with a problem that the reader may see.

    Before the first byte it becomes the response, with the problem's status; later it ends the body
    as the format's failure. Any other exception is masked: its text goes to the log only.
    """

    def __init__(self, problem: Problem) -> None:
        if not isinstance(cast("object", problem), Problem) or problem.status < _LOWEST_ERROR:
            raise TypeError(f"Abort: expected a Problem with a status from 400, got {problem!r}")
        super().__init__(problem.title)
        self.problem = problem


_LOWEST_ERROR = 400


class EncodeError(TailraceError, ValueError):
    """An item cannot be written: the server's fault.

    `record` is the item's position from 0, `path` the JSON path of the culprit inside it (`$.a[2]`).
    """

    def __init__(self, reason: str, *, record: int | None = None, path: str | None = None) -> None:
        self.reason = reason
        self.record = record
        self.path = path
        super().__init__(_located(reason, record=record, path=path))


class Unfit(EncodeError):
    """A format has no way to write items of this kind; another may."""


class DecodeError(TailraceError, ValueError):
    """A body breaks its format, or an item is none of the type that was asked for: the sender's fault.

    `record` is the position of the record from 0, `offset` the byte of the body it was noticed at, `path` the JSON
    path of what is of another type (`$.a[2]`).
    """

    def __init__(
        self, reason: str, *, record: int | None = None, offset: int | None = None, path: str | None = None
    ) -> None:
        self.reason = reason
        self.record = record
        self.offset = offset
        self.path = path
        super().__init__(_located(reason, record=record, offset=offset, path=path))


class LimitExceeded(DecodeError):
    """Input is larger than `Limits` allow; the text names the limit."""


class Truncated(DecodeError):
    """The body ended before the format says that it is complete.

    `missing` are the places of a document that were still open, as JSON Pointers (RFC 6901).
    """

    missing: Sequence[str] = ()


class StreamFailed(TailraceError):
    """The body carries the sender's own word that it failed, or that a part of a document did.

    `pointer` is the part's place as a JSON Pointer (RFC 6901); None where it is the whole.
    """

    def __init__(self, problem: Problem, *, pointer: str | None = None) -> None:
        what = "the stream" if pointer is None else f"the part {pointer}" if pointer else "the document"
        detail = "" if problem.detail is None else f": {problem.detail}"
        super().__init__(f"{what} failed: {problem.title} ({problem.status}){detail}")
        self.problem = problem
        self.pointer = pointer


class ConnectionLost(TailraceError):
    """There is no answer: the server cannot be reached, or not any more. The cause is the HTTP client's own error.

    `attempts` is how many connections were tried in a row.
    """

    def __init__(self, reason: str, *, attempts: int = 1) -> None:
        super().__init__(reason)
        self.attempts = attempts


class InvalidAccept(TailraceError, ValueError):
    """An Accept field breaks RFC 9110, section 12.5.1: the client's fault (400)."""


class NotAcceptable(TailraceError):
    """No format on offer is acceptable to the client (406); `available` lists what there is."""

    def __init__(self, asked: str, available: Sequence[str]) -> None:
        super().__init__(f"nothing on offer fits {asked}; available: {', '.join(available)}")
        self.available = list(available)


def _located(reason: str, **where: Any) -> str:
    place = ", ".join(f"{name} {value}" for name, value in where.items() if value is not None)
    return f"{place}: {reason}" if place else reason
