"""How a body ended, and what was in it: assertions that say what was expected, what came, and where it stopped."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from tailrace._model import Problem
from tailrace.testing._reader import Events, Reader, reader_of
from tailrace.testing._received import Body, Received

if TYPE_CHECKING:
    from tailrace._event import Event

_SHOWN: Final = 60
"""Bytes of a body's end that a message shows."""

_MUTE: Final = "application/json"
"""The format in which a failure leaves the body open, and says no more."""


def assert_complete(body: Body) -> Any:
    """Give the items of a body, or the document that it is; fail unless all of it came and nothing went wrong.

    An event stream is complete with its `event: end`; what sends none can be read with `events_of`.
    """
    received, reader = _read(body)
    if received.status >= HTTPStatus.BAD_REQUEST:
        raise AssertionError(f"expected a complete body, got {_refusal(received)}")
    if reader.problem is not None:
        raise AssertionError(f"expected a complete body, but it failed: {_failure(received, reader)}")
    if _is_cut(received, reader):
        raise AssertionError(f"expected a complete body, but {_cut(received, reader)}")
    return reader.value


def assert_failed(body: Body, *, status: int | None = None) -> Problem:
    """Give the problem with which a response failed: its status and body, or the end of a body that had begun.

    Where `status` is given, the problem must have it.
    """
    received, reader = _read(body)
    problem = _problem_of(received) if received.status >= HTTPStatus.BAD_REQUEST else reader.problem
    if problem is None:
        how = (
            _cut(received, reader)
            if _is_cut(received, reader)
            else f"it is complete: {_came(received, reader)}"
        )
        if _is_cut(received, reader) and received.media_type.startswith(_MUTE):
            how += "; this format leaves a failed body open and says no more: use assert_truncated"
        raise AssertionError(f"expected a body that says that it failed, but {how}")
    if status is not None and problem.status != status:
        raise AssertionError(f"expected a failure with status {status}, got {problem}")
    return problem


def assert_truncated(body: Body) -> Any:
    """Give the items that came of a body, or the document as far as it came; fail unless its end is missing."""
    received, reader = _read(body)
    if received.status >= HTTPStatus.BAD_REQUEST:
        raise AssertionError(f"expected a body that is cut, got {_refusal(received)}")
    if reader.problem is not None:
        raise AssertionError(
            f"expected a body that is cut, but it says why it ended (assert_failed): {_failure(received, reader)}"
        )
    if not _is_cut(received, reader):
        raise AssertionError(f"expected a body that is cut, but it is complete: {_came(received, reader)}")
    return reader.value


def items_of(body: Body) -> list[Any]:
    """Give the items that came, however the body ended: values of JSON, rows, pieces of text or bytes."""
    received, reader = _read(body)
    value = reader.value
    if isinstance(value, list):
        return value  # pyright: ignore[reportUnknownVariableType] - of anything
    raise AssertionError(
        f"expected items, got a document (assert_complete gives it): {_came(received, reader)}"
    )


def events_of(body: Body) -> list[Event]:
    """Give the server-sent events that came, however the body ended, without tailrace's own last one."""
    received, reader = _read(body)
    if isinstance(reader, Events):
        return reader.events
    raise AssertionError(f"expected text/event-stream, got {_came(received, reader)}")


def _read(body: Body) -> tuple[Received, Reader]:
    received = Received.of(body)
    reader = reader_of(received.media_type)
    for piece in received.pieces:
        reader.feed(piece)
    reader.finish()  # also where it was cut: a failure may be what it ends with
    return received, reader


def _is_cut(received: Received, reader: Reader) -> bool:
    return received.error is not None or reader.error is not None


def _problem_of(received: Received) -> Problem:
    members: Any = None
    if "json" in received.media_type:
        try:
            members = json.loads(received.content)
        except ValueError:
            members = None
    members = cast("dict[str, Any]", members) if isinstance(members, dict) else {}
    return Problem.of({"title": HTTPStatus(received.status).phrase} | members | {"status": received.status})


def _refusal(received: Received) -> str:
    return f"status {received.status}: {_shown(received.content[:_SHOWN])}"


def _failure(received: Received, reader: Reader) -> str:
    problem = reader.problem
    said = "" if problem is None else f"{problem.title} ({problem.status}), ref {problem.ref}; "
    return said + _came(received, reader)


def _cut(received: Received, reader: Reader) -> str:
    reasons = [
        f"{type(error).__name__}: {error}" for error in (received.error, reader.error) if error is not None
    ]
    return f"it is not ({'; '.join(reasons)}): {_came(received, reader)}"


def _came(received: Received, reader: Reader) -> str:
    """What came, and where it stopped."""
    size, kind = len(received.content), received.media_type or "no Content-Type"
    end = received.content[-_SHOWN:]
    return f"{reader.count} items in {size} bytes of {kind} came, which end in {_shown(end)}"


def _shown(part: bytes) -> str:
    return repr(part.decode("utf-8", "backslashreplace")) if part else "nothing"
