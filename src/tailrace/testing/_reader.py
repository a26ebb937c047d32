"""What a body says, read by the format that its Content-Type names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tailrace._media import media_type
from tailrace._model import Problem
from tailrace.errors import StreamFailed, TailraceError, Truncated
from tailrace.formats import JSON, DocumentReader, EventStream, Progressive
from tailrace.formats._content_type import format_of
from tailrace.formats.event_stream import TERMINAL_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace._event import Event
    from tailrace.formats import Decoder


class Reader:
    """Reads a body as it comes: `items` so far, and how it ended."""

    def __init__(self, decoder: Decoder[Any]) -> None:
        self.problem: Problem | None = None
        """What the sender says of its failure."""
        self.error: TailraceError | None = None
        """Why the body is not complete, or not what it says that it is."""
        self._decoder = decoder
        self._records: list[Any] = []

    def feed(self, data: bytes) -> None:
        """Read on."""
        self._try(self._decoder.feed, data)

    def finish(self) -> None:
        """The body is over."""
        self._try(self._decoder.finish)

    def _try(self, read: Callable[..., list[Any]], *data: bytes) -> None:
        if self.error is None and self.problem is None:
            try:
                self._records += read(*data)
            except StreamFailed as failed:
                self.problem = failed.problem
            except TailraceError as error:
                self.error = error

    @property
    def value(self) -> Any:
        """What a complete body gives: the items, or the document."""
        return self._records

    @property
    def count(self) -> int:
        """How many items came."""
        return len(self._records)


class Events(Reader):
    """Server-sent events: tailrace's own last one is not among them, but says how they ended."""

    def __init__(self) -> None:
        super().__init__(EventStream().decoder())
        self._ended = False

    @property
    def events(self) -> list[Event]:
        """Those that came, without the one that ends them."""
        return self._records

    def feed(self, data: bytes) -> None:
        super().feed(data)
        last = self._records[-1] if self._records else None
        if last is None or last.id != TERMINAL_ID:
            return
        self._records.pop()
        self._ended = True
        if last.event == "problem":
            self.problem = Problem.of(json.loads(last.data))

    def finish(self) -> None:
        super().finish()
        if not (self._ended or self.problem or self.error):
            self.error = Truncated("there is no `event: end`", record=self.count)

    @property
    def value(self) -> list[Any]:
        """The data of the events, which is JSON."""
        return [_data_of(event, record) for record, event in enumerate(self.events)]


def _data_of(event: Event, record: int) -> Any:
    try:
        return json.loads(event.data)
    except ValueError:
        raise AssertionError(
            f"expected JSON as the data of event {record}, got {event.data!r} (events_of gives the events)"
        ) from None


class Documents(Reader):
    """One document, or a list that grows."""

    def __init__(self, reader: DocumentReader) -> None:
        super().__init__(reader)
        self._reader = reader

    def finish(self) -> None:
        super().finish()
        failed = self._reader.problems
        if failed and not (self.problem or self.error):
            parts = ", ".join(f"{pointer} ({problem.title})" for pointer, problem in failed.items())
            self.error = TailraceError(f"parts of it failed: {parts}")

    @property
    def value(self) -> Any:
        try:
            return self._reader.value
        except LookupError:  # nothing has come yet
            return []

    @property
    def count(self) -> int:
        value = self.value
        if isinstance(value, list):
            return len(value)  # pyright: ignore[reportUnknownArgumentType] - of anything
        return len(self._records)


class ArrayOrDocument(Reader):
    """JSON: an array has items, anything else is a document; the first byte tells."""

    def __init__(self) -> None:
        super().__init__(JSON().decoder())
        self._told: Reader | None = None
        self._start = b""

    def feed(self, data: bytes) -> None:
        if self._told is None:
            self._start = (self._start + data).lstrip()
            if not self._start:
                return
            array = self._start.startswith(b"[")
            self._told = Reader(self._decoder) if array else Documents(JSON().reader())
            data = self._start
        self._told.feed(data)
        self._settle(self._told)

    def finish(self) -> None:
        told = self._told or Documents(JSON().reader())
        told.finish()
        self._settle(told)

    def _settle(self, told: Reader) -> None:
        self.problem, self.error = told.problem, told.error

    @property
    def value(self) -> Any:
        return self._told.value if self._told is not None else []

    @property
    def count(self) -> int:
        return self._told.count if self._told is not None else 0


def reader_of(content_type: str) -> Reader:
    """What reads a body of that Content-Type."""
    try:
        form = format_of(media_type(content_type.strip()))
    except ValueError:
        form = format_of(None)
    if isinstance(form, EventStream):
        return Events()
    if isinstance(form, JSON):
        return ArrayOrDocument()
    return Documents(form.decoder()) if isinstance(form, Progressive) else Reader(form.decoder())
