"""`tailrace watch`."""

# No `from __future__ import annotations`: typer reads the types of the options.
import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live

from tailrace.cli.ends import Code, Stop
from tailrace.cli.output import console, print_json, say, write
from tailrace.cli.reading import Coming, Cursor, Tale, checked, connecting, is_events, value_of
from tailrace.cli.request import Message, Sending, Url
from tailrace.cli.watch.picture import Counter, Picture, headline
from tailrace.cli.watch.table import Rows
from tailrace.cli.watch.tail import BytesTail, TextTail
from tailrace.cli.watch.tree import Growth
from tailrace.client import Connection, connect

_FRAME = 0.1
_HEAD = 4
_ECHO = 3
_WHOLE = 1000


@dataclass(frozen=True)
class Showing:
    """How it is shown."""

    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Do not repaint: print each row as it comes, a document when it is finished."
        ),
    ] = False


def watch(url: Url, showing: Showing, coming: Coming, message: Message, sending: Sending) -> None:
    """Watch a stream: the last rows as a table, a document as a tree that fills in, else the last lines.

    Above it stand the state of the connection, how many have come, how many a second, and the last event's id. It
    leaves the last picture behind; Ctrl-C ends it. Where nobody sees it repaint, it prints: see --once.
    """
    out = console()
    asyncio.run(_Watch(url, out, coming, plain=showing.once or not out.is_terminal).run(message, sending))


class _Watch:
    def __init__(self, url: str, out: Console, coming: Coming, *, plain: bool) -> None:
        self._url = url
        self._out = out
        self._coming = coming
        self._plain = plain
        self._counter = Counter()
        self._tale = Tale(say if plain else lambda _: None)
        self._picture: Picture | None = None
        self._connection: Connection[Any]
        self._ended: str | None = None

    async def run(self, message: Message, sending: Sending) -> None:
        """Read, and paint."""
        options = connecting(self._coming, message, sending)
        cursor = Cursor(self._coming.save_id, options["last_event_id"])
        async with httpx2.AsyncClient(**sending.settings()) as client:
            self._connection = checked(connect, self._url, client=client, on_news=self._tale.take, **options)
            reading = asyncio.ensure_future(self._read(cursor))
            self._tale.connection, self._tale.leave = self._connection, reading.cancel
            try:
                await self._paint(reading)
            finally:
                reading.cancel()
                await asyncio.wait([reading])
                await self._connection.close()

    async def _paint(self, reading: asyncio.Future[None]) -> None:
        if self._plain:
            await asyncio.wait([reading])
        else:
            with Live(self._frame(), console=self._out, auto_refresh=False, vertical_overflow="crop") as live:
                try:
                    while not reading.done():
                        await asyncio.wait([reading], timeout=_FRAME)
                        live.update(self._frame(), refresh=True)
                except asyncio.CancelledError:
                    self._ended = "stopped"
                    raise
                finally:
                    self._ended = self._ended or _how(reading)
                    live.update(self._frame(), refresh=True)
        if self._tale.unreachable is not None:
            raise self._tale.stop(self._url)
        reading.result()

    async def _read(self, cursor: Cursor) -> None:
        async with self._connection as connection:
            if connection.kind == "document":
                await self._read_document(connection)
                return
            events = is_events(self._tale.media_type)
            async for item in connection:
                self._take(item, value_of(item, events=events), events=events)
                cursor.keep(connection.last_event_id)
            cursor.keep(connection.last_event_id)

    async def _read_document(self, connection: Connection[Any]) -> None:
        self._picture = picture = Growth()
        async for _ in connection.changes():
            self._counter.add()
            if not self._plain:
                picture.take((connection.value, connection.open, connection.problems))
        picture.take((connection.value, connection.open, connection.problems))
        if self._plain:
            self._out.print(picture.draw(_WHOLE))
        self._ended = "complete" if connection.complete else None
        if connection.problems:
            self._ended = "complete, with parts that failed"
            failed = [
                f"{at or 'the document'} failed: {problem.title}"
                for at, problem in connection.problems.items()
            ]
            raise Stop(Code.FAILED, "\n  ".join(failed))

    def _take(self, item: Any, value: Any, *, events: bool) -> None:
        if self._picture is None:
            self._picture = _picture_of(value, events=events, media_type=self._tale.media_type)
        self._counter.add(
            len(value) if isinstance(value, bytes) or isinstance(self._picture, TextTail) else 1
        )
        if not self._plain:
            self._picture.take((item, value))
        elif isinstance(self._picture, TextTail):
            self._out.print(value, end="", markup=False, highlight=False, soft_wrap=True)
        elif isinstance(value, bytes):
            write(value)
        else:
            print_json(value)

    def _frame(self) -> RenderableType:
        noun = "item" if self._picture is None else self._picture.noun
        state = self._ended or self._tale.state
        last_id = getattr(self, "_connection", None) and self._connection.last_event_id
        head = headline(self._url, state, self._counter, noun, last_id)
        if self._picture is None:
            return head
        # Ctrl-C is echoed behind the last line, which must not break there.
        whole = self._ended is not None and isinstance(self._picture, Growth)
        height = _WHOLE if whole else self._out.height - _HEAD
        return Group(head, "", Constrain(self._picture.draw(height), self._out.width - _ECHO))


def _picture_of(value: Any, *, events: bool, media_type: str) -> Picture:
    if isinstance(value, bytes):
        return BytesTail()
    if isinstance(value, str) and not events and media_type.startswith("text/"):
        return TextTail()
    return Rows(events=events)


def _how(reading: asyncio.Future[None]) -> str:
    if reading.cancelled():
        return "stopped"
    error = reading.exception()
    return "complete" if error is None else "failed"
