"""The vectors of every format, over a real socket: what holds for a decoder holds for a reader."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from tailrace import Document, Event
from tailrace.client import connect, sync
from tailrace.errors import DecodeError, TailraceError, Truncated
from tests.client.reading import SHELLS
from tests.client.script import ASK, sized
from tests.client.script_server import ScriptServer
from tests.formats import vector_runner
from tests.formats.test_decode_vectors import FILES
from tests.formats.test_progressive_vectors import FORMATS, NOTHING, body, exact
from tests.formats.vector_runner import Reading, body_of, check_error, format_of, limits_of, problem_of, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.client.script import Step

BEHIND_THE_LAST: Final = frozenset(
    {
        "v2-done-twice",
        "v2-record-behind-done",
        "v2-restart-behind-done",
        "v2-something-behind-done",
        "v1-last-line-twice",
        "v1-line-behind-the-last",
        "v1-something-behind-the-last-line",
        "sse-end-twice",
        "sse-record-behind-the-end",
    }
)
"""Rows whose error is behind the last record, with which a reader is done."""
SAMPLE: Final = 6
"""Of so many rows one is served byte by byte."""


@dataclass
class Case:
    """A row, how it is asked for, and what came of it."""

    row: dict[str, Any]
    served: bytes
    options: dict[str, Any]
    items: list[Any] = field(default_factory=list[Any])
    error: TailraceError | None = None
    connection: Any = None

    @property
    def steps(self) -> tuple[Step, ...]:
        media_type = self.options["format"].media_types[0]
        return (ASK, sized(media_type, self.served))


async def read_async(cases: Sequence[Case], url: str) -> None:
    async with httpx2.AsyncClient() as client:
        for case in cases:
            case.connection = connect(url, resume=False, client=client, **case.options)
            try:
                async with case.connection as page:
                    whole = page.kind == "document"
                    async for item in page.changes() if whole else page:
                        case.items.append(item)
            except TailraceError as error:
                case.error = error


def read_sync(cases: Sequence[Case], url: str) -> None:
    with httpx2.Client() as client:
        for case in cases:
            case.connection = sync.connect(url, resume=False, client=client, **case.options)
            try:
                with case.connection as page:
                    whole = page.kind == "document"
                    for item in page.changes() if whole else page:
                        case.items.append(item)
            except TailraceError as error:
                case.error = error


def run(cases: Sequence[Case], shell: str, check: Callable[[Case], None], *, bytewise: bool) -> None:
    """Serve and read each case, and hold it against its row."""
    assert cases
    with ScriptServer([case.steps for case in cases], bytewise=bytewise) as server:
        if shell == "async":
            asyncio.run(read_async(cases, server.url))
        else:
            read_sync(cases, server.url)
    server.check()
    for case in cases:
        try:
            check(case)
        except BaseException as error:
            error.add_note(case.row["name"])
            raise


def items_of(file: str) -> list[Case]:
    """The rows of a file; items of events are the events."""
    kind = Event if file.startswith("event_stream") else None
    return [
        Case(row, body_of(row), {"format": format_of(file, row), "limits": limits_of(row), "type": kind})
        for row in rows(file)
    ]


def ends_before_the_last_byte(case: Case) -> bool:
    """Whether the body says that it is all, and then goes on: who has read that need not see what is behind."""
    decoder = case.options["format"].decoder(case.options["limits"])
    try:
        for byte in case.served:
            if decoder.ended:
                return True
            decoder.feed(bytes([byte]))
    except DecodeError:
        pass
    return False


def check_items(case: Case) -> None:
    row, length = case.row, len(case.served)
    if case.connection.kind == "document":  # what is no array is none of the array's rows
        assert not case.served.lstrip(b" \t\r\n").startswith(b"[")
        return
    # Only its decoder can tell at which byte each came.
    at = [None if at is None else length for at in row["at"]]
    error = case.error
    if case.options["type"] is Event and isinstance(error, Truncated):
        # To a decoder what the end cuts is no event, as the standard has it; who does not come back has to know.
        assert not case.served.endswith((b"\n\n", b"\r\r", b"\r\n\r\n"))
        error = None
    if case.error is None and "error" in row and ends_before_the_last_byte(case):
        assert case.items == row["items"]
        assert case.connection.complete
        return
    vector_runner.check(row, Reading(case.items, at, error), [])
    if "last_event_id" in row and case.error is None:
        assert (case.connection.last_event_id or "") == row["last_event_id"]
        assert case.connection._session.body.retry == (row["retry"] and row["retry"] / 1000)


def check_document(case: Case) -> None:
    row, connection = case.row, case.connection
    try:
        value = connection.value
    except LookupError:
        value = NOTHING
    assert (value is not NOTHING) == ("value" in row)
    if "value" in row:
        assert exact(value) == exact(row["value"])
    assert connection.problems.keys() == row.get("problems", {}).keys()
    for at, members in row.get("problems", {}).items():
        if isinstance(members.get("title"), str) and isinstance(members.get("status", 500), int):
            assert connection.problems[at] == problem_of(members)
    assert sorted(connection.open) == sorted(row.get("open", []))
    if row["name"] in BEHIND_THE_LAST:
        assert connection.complete
        assert case.error is None
    else:
        assert connection.complete == ("error" not in row)
        check_error(row.get("error"), case.error)


WAYS: Final = pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])


@WAYS
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("file", FILES)
def test_items(file: str, shell: str, bytewise: bool) -> None:  # noqa: FBT001 - one of two ways
    run(items_of(file)[:: SAMPLE if bytewise else 1], shell, check_items, bytewise=bytewise)


@WAYS
@pytest.mark.parametrize("shell", SHELLS)
def test_documents(shell: str, bytewise: bool) -> None:  # noqa: FBT001 - one of two ways
    cases = [
        Case(row, body(row), {"format": FORMATS[row["format"]], "limits": limits_of(row), "type": Document})
        for row in rows("progressive")
    ]
    run(cases[:: SAMPLE if bytewise else 1], shell, check_document, bytewise=bytewise)
