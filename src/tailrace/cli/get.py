"""`tailrace get`."""

# No `from __future__ import annotations`: typer reads the types of the options.
import itertools
from dataclasses import dataclass
from typing import Annotated, Any

import httpx2
import typer

from tailrace import Problem
from tailrace.cli.ends import Code, Stop
from tailrace.cli.output import print_json, say, write
from tailrace.cli.reading import Coming, Cursor, Tale, checked, connecting, is_events, value_of
from tailrace.cli.request import Message, Sending, Url
from tailrace.client import sync


@dataclass(frozen=True)
class Printing:
    """What is printed."""

    events: Annotated[
        bool, typer.Option("--events", help='Print {"event","id","data"} for each event, not its data alone.')
    ] = False
    changes: Annotated[
        bool,
        typer.Option("--changes", help="Print a document's changes as they come, not what it is at the end."),
    ] = False
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, metavar="N", help="Stop after N.", show_default=False),
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False


def get(url: Url, printing: Printing, coming: Coming, message: Message, sending: Sending) -> None:
    """Print the records of a stream, each as a line of JSON as soon as it is there.

    A record is the data of an event, a line of NDJSON, an element of an array, a text of a sequence, a row of CSV. A
    document (progressive JSON, or an object) is printed when it is finished, or with --changes as it comes; text and
    bytes as they are. Events that are cut go on behind the last one. The exit code says whether that was all.
    """
    tale = Tale((lambda _: None) if printing.quiet else say)
    options = connecting(coming, message, sending)
    with httpx2.Client(**sending.settings()) as client:
        connection = checked(sync.connect, url, client=client, on_news=tale.take, **options)
        tale.connection, tale.leave = connection, connection.close
        with connection:
            if tale.unreachable is not None:
                raise tale.stop(url)
            if connection.kind == "document":
                _print_document(connection, printing)
            else:
                _print_items(connection, printing, Cursor(coming.save_id, options["last_event_id"]), tale)


def _print_items(connection: Any, printing: Printing, cursor: Cursor, tale: Tale) -> None:
    if printing.changes:
        raise Stop(Code.USAGE, f"--changes: expected a document, got {tale.media_type or 'items'}")
    events = is_events(tale.media_type)
    for item in itertools.islice(connection, printing.limit):
        value = value_of(item, events=events)
        if isinstance(value, bytes):
            write(value)
        elif isinstance(value, str) and not events and tale.media_type.startswith("text/"):
            write(value.encode())
        elif printing.events:
            print_json({"event": item.event or "message", "id": item.id, "data": value})
        else:
            print_json(value)
        cursor.keep(connection.last_event_id)
    if printing.limit is None:
        cursor.keep(connection.last_event_id)


def _print_document(connection: Any, printing: Printing) -> None:
    for change in itertools.islice(connection.changes(), printing.limit if printing.changes else None):
        if printing.changes:
            value = change.value.members() if isinstance(change.value, Problem) else change.value
            print_json({"verb": change.verb, "at": change.pointers, "value": value})
    if not printing.changes:
        print_json(connection.value)
    problems: dict[str, Problem] = connection.problems
    if problems:
        failed = [
            f"{pointer or 'the document'} failed: {problem.title}" for pointer, problem in problems.items()
        ]
        raise Stop(Code.FAILED, "\n  ".join(failed))
