"""What the three responses write, as formats of the one engine: each with bytes of restflow's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from django.core.serializers.json import DjangoJSONEncoder

from tailrace._finish import SENT_AWAY
from tailrace._json import dumps, escape_line_separators
from tailrace._model import Limits, Problem
from tailrace.errors import EncodeError
from tailrace.formats import JSON, NDJSON, EventStream
from tailrace.formats._base import Decoder, Encoder, JSONEncoder
from tailrace.restflow._events import format_sse

if TYPE_CHECKING:
    from tailrace._json import ForeignEncoder


class ItemEncoder(Protocol):
    """What writes an item: a `json.JSONEncoder`, or whatever has its `encode`."""

    def encode(self, o: Any, /) -> str | bytes:
        """The item as a JSON text."""
        ...


MakeEncoder = Callable[[], ItemEncoder]
"""What `encoder=` takes: a class such as `DjangoJSONEncoder`, called once for each response."""

_SPACED: Final = json.JSONEncoder.item_separator, json.JSONEncoder.key_separator
_COMPACT: Final = ",", ":"


def compact(make: MakeEncoder | None) -> Callable[[Any], str | bytes]:
    """The one encoder of a response, made now, without spaces unless it has separators of its own."""
    encoder = (make or DjangoJSONEncoder)()
    if isinstance(encoder, json.JSONEncoder) and not _has_separators(encoder):
        encoder.item_separator, encoder.key_separator = _COMPACT
    return encoder.encode


def _has_separators(encoder: json.JSONEncoder) -> bool:
    kind = type(encoder)
    chosen = {"item_separator", "key_separator"} & vars(encoder).keys()
    return bool(chosen) or (kind.item_separator, kind.key_separator) != _SPACED


@dataclass(frozen=True, slots=True)
class List:
    """A JSON array that is closed even where its items failed, which restflow's users rely on.

    Only there: one that tailrace itself sends away, such as when the server shuts down, is left open.
    """

    make: MakeEncoder | None
    name: ClassVar[str] = "json"

    @property
    def media_types(self) -> tuple[str, ...]:
        """Plain JSON."""
        return ("application/json",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        return _ListEncoder(encoder or compact(self.make))

    def decoder(self, limits: Limits = Limits(), /) -> Decoder[Any]:
        """A new decoder for one body."""
        return JSON().decoder(limits)


class _ListEncoder(JSONEncoder):
    opening = b"["
    lead = b","
    # No keep-alive: "no whitespace between elements".

    def end(self, count: int) -> bytes:
        del count
        return b"]"

    def fail(self, problem: Problem) -> bytes:
        # Left open as tailrace's own arrays are; the space says that a number before it has no more digits.
        return b" " if any(problem is one for one in SENT_AWAY.values()) else b"]"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of JSON, which fail as tailrace's do: with a record that no parser takes."""

    make: MakeEncoder | None
    name: ClassVar[str] = "ndjson"

    @property
    def media_types(self) -> tuple[str, ...]:
        """The one that restflow names."""
        return ("application/x-ndjson",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body."""
        return NDJSON().encoder(encoder or compact(self.make))

    def decoder(self, limits: Limits = Limits(), /) -> Decoder[Any]:
        """A new decoder for one body."""
        return NDJSON().decoder(limits)


@dataclass(frozen=True, slots=True)
class Events:
    """Server-sent events without tailrace's own `end` and its id: to resume is the application's."""

    name: ClassVar[str] = "sse"

    @property
    def media_types(self) -> tuple[str, ...]:
        """The one that EventSource asks for."""
        return ("text/event-stream",)

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body; strings and dicts are events, so `encoder` has nothing to write."""
        del encoder
        return _EventsEncoder(_frame)

    def decoder(self, limits: Limits = Limits(), /) -> Decoder[Any]:
        """A new decoder for one body."""
        return EventStream().decoder(limits)


class _EventsEncoder(Encoder):
    keep_alive = b":\n\n"
    compressible = False  # as `EventStream`: what decompresses it on its way tends to hold it back

    def fail(self, problem: Problem) -> bytes:
        # An event without the blank line that would end it: browsers drop it, and who looks for an end sees none.
        data = escape_line_separators(dumps(problem.members()))
        return b"event: problem\ndata: %b\n" % data

    def leave(self, after: int | None = None) -> bytes | None:
        # A reader whose stream just stops comes back by itself.
        return b"" if after is None else b"retry: %d\n\n" % after


def _frame(item: Any) -> bytes:
    try:
        return format_sse(item).encode()
    except Exception as error:
        raise EncodeError(str(error)) from error
