"""Server-sent events: text/event-stream as WHATWG HTML, section 9.2, has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import UNSET

from tailrace._event import Event, check_retry, utf8
from tailrace._json import ForeignEncoder, dumps, escape_line_separators
from tailrace._model import Limits, Problem
from tailrace.errors import EncodeError
from tailrace.formats._base import Encoder, JSONEncoder
from tailrace.formats._events import EventStreamDecoder
from tailrace.formats._records import Recorder, Records

TERMINAL_ID: Final = "~end"
"""The id of the event that ends a stream: a request whose Last-Event-ID it is gets 204, so that
an EventSource, which would otherwise run a finite stream for ever, stops (WHATWG HTML 9.2.3)."""

_LINE_END: Final = re.compile(b"\r\n|\r|\n")


if TYPE_CHECKING:
    from tailrace._reading.progress import Change
    from tailrace.formats._document import DocumentEncoder
    from tailrace.formats._document_reader import DocumentReader


@dataclass(frozen=True, slots=True)
class EventStream:
    """Server-sent events, ended by `event: end` and failed by `event: problem`, both with a terminal id.

    Items are `Event`s, or values that go out as an event's JSON data. `retry` is the reader's
    reconnection time in milliseconds. With `compress` they are compressed where `Delivery` says so: proxies
    and middleware that decompress what passes tend to hold it back.
    """

    retry: int | None = None
    compress: bool = False
    name: ClassVar[str] = "sse"

    def __post_init__(self) -> None:
        """Refuse a reconnection time that is none."""
        if self.retry is not None:
            check_retry("EventStream.retry", self.retry)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The one that EventSource asks for."""
        return ("text/event-stream",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        return _Encoder(encoder, self.retry, compressible=self.compress)

    def document(self, encoder: ForeignEncoder | None = None, /) -> DocumentEncoder:
        """A new encoder for one document: its records, as data of events."""
        return _Document(encoder, self.retry, compressible=self.compress)

    def reader(self, limits: Limits = Limits(), /) -> DocumentReader:
        """A new decoder for one document."""
        return _DocumentReader(limits)

    def decoder(self, limits: Limits = Limits(), /) -> EventStreamDecoder:
        """A new decoder for one body."""
        return EventStreamDecoder(limits)


class _Events(Encoder):
    """Writes events, whatever is in them."""

    keep_alive = b":\n\n"
    terminal_id = TERMINAL_ID

    def _open(self, retry: int | None, *, compressible: bool) -> None:
        self.compressible = compressible
        # A comment: a byte of body makes middleware and proxies let the headers go.
        self.opening = b":\n\n" if retry is None else _come_back(retry)

    def leave(self, after: int | None = None) -> bytes | None:
        # An EventSource whose stream just stops comes back by itself.
        return b"" if after is None else _come_back(after)


def _come_back(after: int) -> bytes:
    return b"retry: %d\n\n" % after


class _Encoder(_Events, JSONEncoder):
    def __init__(self, encoder: ForeignEncoder | None, retry: int | None, *, compressible: bool) -> None:
        super().__init__(encoder)
        self._open(retry, compressible=compressible)
        self._silent = 0  # events that set something and are not dispatched
        self._events = False
        self.first = self.lead = b"data: "
        self.tail = b"\n\n"
        if encoder is not None:
            self._expect_events()

    def says_nothing(self, item: Any) -> bool:
        del item
        return False

    def adapt(self, item: Any) -> None:
        if self._events:
            return
        if not isinstance(item, Event) and self.json.adapt(item):
            self.encode, self.seal = self.json.encode, self.json.seal
        else:
            self._expect_events()

    def _expect_events(self) -> None:
        """From now on look at each item before encoding it."""
        self._events = True
        self.first = self.lead = self.tail = b""
        self.encode = self._encode
        # Text that is no JSON stays as it is: beside events, JSON is escaped when it is encoded.
        self.seal = bytes

    def _encode(self, item: Any) -> bytes:
        if isinstance(item, Event):
            return self._encode_event(item)
        return b"data: %b\n\n" % escape_line_separators(self.json.dumps(item))

    def _encode_event(self, event: Event) -> bytes:
        if event.id == TERMINAL_ID:
            raise EncodeError(
                f"Event.id: {TERMINAL_ID!r} is the id that ends a stream; expected another", path="$.id"
            )
        head = b""
        if event.comment is not None:
            head = b": %b\n" % event.comment.encode()
        if event.event is not None:
            head += b"event: %b\n" % event.event.encode()
        if event.id is not None:
            head += b"id: %b\n" % event.id.encode()
        if event.retry is not None:
            head += b"retry: %d\n" % event.retry
        return head + self._data_lines(event.data) + b"\n"

    def _data_lines(self, data: Any) -> bytes:
        if isinstance(data, str):
            lines = _LINE_END.split(utf8("data", data))
            return b"".join([b"data: %b\n" % line for line in lines])
        if data is UNSET:
            self._silent += 1
            return b""
        return b"data: %b\n" % escape_line_separators(self.json.dumps(data))

    def end(self, count: int) -> bytes:
        return _last("end", {"count": count - self._silent})

    def fail(self, problem: Problem) -> bytes:
        return _last("problem", problem.members())


class _Document(_Events, Records):
    first = lead = b"data: "

    def __init__(self, encoder: ForeignEncoder | None, retry: int | None, *, compressible: bool) -> None:
        super().__init__(encoder)
        self._open(retry, compressible=compressible)

    def join(self, frames: list[bytes]) -> bytes:
        """One event of what goes out together."""
        return super().join(frames) + b"\n"

    def end(self, count: int) -> bytes:
        return _last("end", {"done": count})

    def fail(self, problem: Problem) -> bytes:
        return _last("problem", {"done": self._count, "err": problem.members()})


def _last(event: str, members: dict[str, Any]) -> bytes:
    data = escape_line_separators(dumps(members))
    return b"event: %b\nid: %b\ndata: %b\n\n" % (event.encode(), TERMINAL_ID.encode(), data)


class _DocumentReader(Recorder):
    """The records that events have as data; other events are nobody's business."""

    _expected = "a document in server-sent events"

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._events = EventStreamDecoder(limits)

    def reconnected(self) -> None:
        before, self._events = self._events, EventStreamDecoder(self.limits)
        self._events.last_event_id = before.last_event_id

    @property
    def last_event_id(self) -> str | None:
        return self._events.last_event_id

    @property
    def retry(self) -> float | None:
        return None if self._events.retry is None else self._events.retry / 1000

    def _take(self, data: bytes, items: list[Change]) -> None:
        for event in self._events.feed(data):
            if event.event in _RECORD_EVENTS:
                for line in str(event.data).split("\n"):
                    text = line.strip(_SPACE)
                    if text:
                        self._line(text.encode(), items)
        self._offset += len(data)

    def _end(self, items: list[Change]) -> None:
        del items
        self._events.finish()  # raises what was wrong behind the events that came with it
        self._ended()


_SPACE: Final = " \t\r"
_RECORD_EVENTS: Final = frozenset({None, "message", "end", "problem"})
