"""The one noun that a format has a word for: the server-sent event."""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn

from msgspec import UNSET

from tailrace.errors import EncodeError

_NOT_IN_FIELD: Final = re.compile("[\r\n\0]")


class _Fields:
    """What an event holds, as long as it can be set: fast, which `object.__setattr__` is not."""

    # Not a dataclass: the JSON encoder would write one as an object before it could be unwrapped.
    __slots__ = ("comment", "data", "event", "id", "retry")

    data: Any
    event: str | None
    id: str | None
    retry: int | None
    comment: str | None


class Event(_Fields):
    """One server-sent event (WHATWG HTML, section 9.2).

    `data` goes out as it is when it is a `str` (a `data:` line for each of its lines), else as JSON; `None`
    is JSON's null. `id` is what a reader sends back as `Last-Event-ID`, `retry` its reconnection time in
    milliseconds. An event whose `data` is left out (`msgspec.UNSET`) sets the id or the reconnection time
    and is not dispatched. In a format that has no events, an `Event` is just its data, and nothing at
    all without data.

    From a decoder, `data` is text, `event` is None for the default "message", and `id` is the last
    event id at that moment, which stays until another one is sent.

    Raises `EncodeError` for what an event cannot carry: CR, LF or NUL in a field, a `retry` that is no number.
    """

    __slots__ = ()

    def __init__(
        self,
        data: Any = UNSET,
        *,
        event: str | None = None,
        id: str | None = None,  # noqa: A002 - the standard's name
        retry: int | None = None,
        comment: str | None = None,
    ) -> None:
        if event is None and id is None and retry is None and comment is None:
            if data is UNSET:
                raise EncodeError("Event() says nothing; expected data, event, id, retry or comment")
        else:
            _check_text("event", event)
            _check_text("id", id)
            _check_text("comment", comment)
            if retry is not None:
                check_retry("Event.retry", retry, path="$.retry")
        self._set(data, event, id, retry, comment)

    def with_data(self, data: Any) -> Event:
        """The same event about something else."""
        other = self.__class__.__new__(self.__class__)
        other._set(data, self.event, self.id, self.retry, self.comment)  # noqa: SLF001 - its own
        return other

    def _set(self, data: Any, event: Any, id_: Any, retry: Any, comment: Any) -> None:
        put = object.__setattr__
        put(self, "data", data)
        put(self, "event", event)
        put(self, "id", id_)
        put(self, "retry", retry)
        put(self, "comment", comment)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"Event is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Event is immutable: {name} cannot be deleted")

    def __getstate__(self) -> tuple[Any, ...]:
        return self._fields()

    def __setstate__(self, fields: tuple[Any, ...]) -> None:
        self._set(*fields)

    def _fields(self) -> tuple[Any, ...]:
        return self.data, self.event, self.id, self.retry, self.comment

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Event):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((self.event, self.id, self.retry, self.comment))

    def __repr__(self) -> str:
        named = zip(("event", "id", "retry", "comment"), self._fields()[1:], strict=True)
        said = [] if self.data is UNSET else [repr(self.data)]
        said += [f"{name}={value!r}" for name, value in named if value is not None]
        return f"Event({', '.join(said)})"


def received(data: str, event: str | None, last_event_id: str) -> Event:
    """An event as it was read: whatever a sender may send, so nothing is checked."""
    fields: Any = _Fields()
    fields.data = data
    fields.event = event
    fields.id = last_event_id
    fields.retry = fields.comment = None
    # An event is made for each block of a stream: this takes a quarter of the time that `Event._set` takes.
    fields.__class__ = Event
    event_: Event = fields
    return event_


def says_nothing(item: Any) -> bool:
    """Whether `item` is an event without data: in a format that has no events, it leaves no trace."""
    return isinstance(item, Event) and item.data is UNSET


def _check_text(name: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise EncodeError(f"Event.{name}: expected a str, got {type(value).__qualname__}", path=f"$.{name}")
    found = _NOT_IN_FIELD.search(value)
    if found:
        raise EncodeError(
            f"Event.{name}: expected text without CR, LF or NUL, found {found[0]!r} at character {found.start()}",
            path=f"$.{name}",
        )
    if not value.isascii():
        utf8(name, value)


def utf8(name: str, text: str) -> bytes:
    """The text of an event's field in UTF-8; raises `EncodeError` for a lone surrogate."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        found = text[error.start]
        raise EncodeError(
            f"Event.{name}: expected text, found the lone surrogate {found!r} at character {error.start}",
            path=f"$.{name}",
        ) from None


def check_retry(name: str, value: Any, *, path: str | None = None) -> None:
    """Raise `EncodeError` unless `value` is a reconnection time."""
    if type(value) is not int or value < 0:
        raise EncodeError(f"{name}: expected a whole number of milliseconds from 0, got {value!r}", path=path)
