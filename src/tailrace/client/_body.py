"""Bodies that are read: items that each say where they end, and documents. Events have a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from tailrace.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tailrace.client._news import Gap
    from tailrace.formats import Decoder, DocumentReader

Kind = Literal["items", "document"]
Got = list[tuple[Any, "str | None"]]
"""Items or changes, each with the id of the last event then, where there are events."""


class Body:
    """One body, fed with its bytes. Nothing is raised: `error` is what was wrong behind all that came so far."""

    kind: ClassVar[Kind] = "items"
    keeps_alive: bool = False
    """Whether servers send something in its pauses."""
    certain: bool = False
    """Whether one that was all says so: then one that does not is cut."""
    news: Sequence[Gap] = ()
    """The gaps that the server has told of since somebody looked."""

    advice: str = ""
    """Why another body does not go on, where one might."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.complete: bool = False
        """Whether it has said itself that this was all."""
        self.count: int = 0
        """What came: items, or changes."""

    def goes_on(self, *, cut: bool, repeat: bool) -> bool:
        """Whether another body may go on where this one ended; `repeat`: also where that is the beginning."""
        del cut, repeat
        return False

    @property
    def last_event_id(self) -> str | None:
        """Where that would go on; empty or None: nobody knows."""
        return None

    @property
    def retry(self) -> float | None:
        """The reconnection time that the server has named, in seconds."""
        return None

    def feed(self, data: bytes) -> Got:
        """What this brings."""
        raise NotImplementedError

    def finish(self) -> Got:
        """The same when the transfer has ended, well or not; then `error` says what is missing."""
        raise NotImplementedError

    def goes_on_in(self, other: Body | None) -> bool:
        """Whether another body is of the same format."""
        return type(other) is type(self)

    def again(self) -> None:
        """Go on with another body."""
        raise NotImplementedError


class _Source(Protocol):
    """A decoder, or a document's reader."""

    def feed(self, data: bytes, /) -> Sequence[Any]: ...
    def finish(self) -> Sequence[Any]: ...


class _Decoded(Body):
    """What a decoder makes of the bytes."""

    def __init__(self, source: _Source) -> None:
        super().__init__()
        self._source = source

    def feed(self, data: bytes) -> Got:
        got = self._taken(self._source.feed, data)
        if self.error is None and not self.complete:
            self._taken(self._source.feed, b"")  # raises what was wrong behind these
        # A decoder of the user's own need not know.
        self.complete = self.error is None and getattr(self._source, "ended", False)
        return got

    def finish(self) -> Got:
        return [] if self.error or self.complete else self._taken(self._source.finish)

    def _taken(self, read: Callable[..., Sequence[Any]], *data: bytes) -> Got:
        got: Got = []
        try:
            for one in read(*data):
                got.append((self._made(one), None))
                self.count += 1
        except Exception as error:  # noqa: BLE001 - what makes the items may be the user's, and raise anything
            self.error = error
        return got

    def _made(self, one: Any) -> Any:
        return one


def made(make: Callable[[Any], Any], value: Any, record: int) -> Any:
    """A value as what is asked for; the error says which it is."""
    try:
        return make(value)
    except DecodeError as error:
        raise DecodeError(error.reason, record=record, path=error.path) from None


class Items(_Decoded):
    """Items as a format's decoder gives them, made into something else if that is wanted."""

    def __init__(
        self, decoder: Decoder[Any], make: Callable[[Any], Any] | None = None, *, certain: bool = False
    ) -> None:
        super().__init__(decoder)
        self.certain = certain
        self._make = make

    def finish(self) -> Got:
        """The items that only the end completes."""
        got = super().finish()
        self.complete = self.complete or (self.certain and self.error is None)
        return got

    def _made(self, one: Any) -> Any:
        return one if self._make is None else made(self._make, one, self.count)


class Whole(_Decoded):
    """A document: what comes are its changes."""

    kind = "document"
    certain = True

    def __init__(self, reader: DocumentReader, *, keeps_alive: bool) -> None:
        super().__init__(reader)
        self.reader = reader
        self.keeps_alive = keeps_alive

    def feed(self, data: bytes) -> Got:
        """Its changes."""
        got = super().feed(data)
        self.complete = self.reader.complete  # whatever came behind its last record
        return got

    def finish(self) -> Got:
        """The changes that only the end brings."""
        got = super().finish()
        self.complete = self.reader.complete
        return got

    def goes_on(self, *, cut: bool, repeat: bool) -> bool:
        """In events its records may have ids."""
        del cut, repeat
        return bool(self.last_event_id)

    @property
    def last_event_id(self) -> str | None:
        """The id of the last of them."""
        return self.reader.last_event_id

    @property
    def retry(self) -> float | None:
        """The reconnection time, of events too."""
        return self.reader.retry

    def goes_on_in(self, other: Body | None) -> bool:
        """Whether another body is of the same format."""
        return isinstance(other, Whole) and type(other.reader) is type(self.reader)

    def again(self) -> None:
        """Go on with another body of the same document."""
        self.reader.reconnected()
