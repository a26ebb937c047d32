"""What a format is: an encoder and a decoder for one media type, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from tailrace._event import says_nothing
from tailrace._json import Encode, ForeignEncoder, ItemEncoder, unwritable
from tailrace.errors import LimitExceeded, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace._model import Limits, Problem

T = TypeVar("T")


class Encoder:
    """Writes one body: `opening`, frames joined with what stands around them, then `end` or `fail`.

    A frame is an item as `encode` gives it. What stands around it is data, and `encode` the JSON encoder's
    own function where it can be: a call of a Python function for each item would cost a third of the JSON.
    """

    opening: bytes = b""
    """Goes out with the headers."""
    first: bytes = b""
    """Before the first frame."""
    lead: bytes = b""
    """Before every other frame."""
    tail: bytes = b""
    """After every frame."""
    keep_alive: bytes = b""
    """May go out between two items of an idle stream; empty where the format has no room for it."""
    terminal_id: str | None = None
    """The `Last-Event-ID` of a reader that has seen the end; None where the format has none."""

    compressible: bool = True
    """Whether the body may be compressed where that was asked for."""
    whole: bool = False
    """Whether the body is one frame, which says how long it is."""
    longest_run: int = 16
    """Items that may be encoded between two looks at the clock and at the bytes that wait."""

    encode: Encode
    seal: Callable[[bytes], bytes]
    """What a run of joined frames passes through before it goes out."""

    def __init__(self, encode: Encode) -> None:
        self.encode = encode
        self.seal = bytes

    def says_nothing(self, item: Any) -> bool:
        """Whether an item that `encode` raised `NotPlain` for leaves no trace in this format."""
        return says_nothing(item)

    def adapt(self, item: Any) -> None:
        """Make ready for an item that `encode` raised `NotPlain` for.

        May change `encode` and what stands around frames: join those that were encoded before.
        """

    def join(self, frames: list[bytes]) -> bytes:
        """The next frames of the body, of which there is at least one, as they go out; must not raise."""
        head, self.first = self.first, self.lead
        return self.seal(head + (self.tail + self.lead).join(frames) + self.tail)

    def end(self, count: int) -> bytes:
        """What says that all `count` items were there."""
        del count
        return b""

    def fail(self, problem: Problem) -> bytes:
        """What makes a reader that knows nothing of tailrace refuse the body as a whole."""
        del problem
        return b""

    def leave(self, after: int | None = None) -> bytes | None:
        """What sends the reader away to come back, in `after` ms; None where the format has no word for it."""
        del after
        return None


class JSONEncoder(Encoder):
    """Writes items as JSON: what the formats of JSON share."""

    def __init__(self, encoder: ForeignEncoder | None) -> None:
        self.json = ItemEncoder(encoder)
        super().__init__(self.json.encode)
        self.seal = self.json.seal

    def adapt(self, item: Any) -> None:
        """Change `encode` so that it can write `item`."""
        self.json.adapt(item)
        self.encode, self.seal = self.json.encode, self.json.seal


def encode_special(encoder: Encoder, item: Any, record: int) -> bytes:
    """The frame of an item that `encode` raised `NotPlain` for and that does say something.

    The frames before it must have been joined. Raises `EncodeError`.
    """
    try:
        encoder.adapt(item)
        return encoder.encode(item)
    except Exception as error:
        error.__suppress_context__ = True  # NotPlain is nobody's business
        raise unwritable(error, encoder.encode, item, record) from error


class Decoder(Protocol[T]):
    """Reads one body, cut anywhere.

    `feed` gives the items that are complete so far. What is wrong behind them is raised by the call
    after, so that nothing is lost. Raises `DecodeError`, `LimitExceeded`, `Truncated`, `StreamFailed`.
    """

    def feed(self, data: bytes, /) -> list[T]:
        """The items that `data` completes."""
        ...

    def finish(self) -> list[T]:
        """The items that only the end of the body completes; raises `Truncated` where more was promised."""
        ...


class Format(Protocol):
    """One representation of a stream."""

    name: ClassVar[str]
    """The word for it in a `?format=` query."""

    @property
    def media_types(self) -> tuple[str, ...]:
        """Its media types, the canonical one first."""
        ...

    def encoder(self, encoder: ForeignEncoder | None = None, /) -> Encoder:
        """A new encoder for one body; `encoder` writes its JSON."""
        ...

    def decoder(self, limits: Limits = ..., /) -> Decoder[Any]:
        """A new decoder for one body."""
        ...


class BaseDecoder(Generic[T]):
    """The part that all decoders share: bounds, and errors that wait until the items before them are out."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._error: Exception | None = None
        self._total = 0
        self._count: int = 0
        """Records that came so far."""
        self._offset: int = 0
        """The byte of the body that the next piece begins at, or the record that is read."""

    @property
    def ended(self) -> bool:
        """Whether the body has said that this was all; never where its format has no word for that."""
        return False

    def feed(self, data: bytes, /) -> list[T]:
        """The items that `data` completes."""
        if self._error is not None:
            raise self._error
        if type(data) is not bytes:
            data = _bytes_of(data)
        items: list[T] = []
        total = self.limits.total
        try:
            if total is not None and self._total + len(data) > total:
                data = data[: total - self._total]
                self._take(data, items)
                raise LimitExceeded(  # noqa: TRY301 - it waits as those of `_take` do
                    f"the body is over the limit of {total} bytes (Limits.total)", offset=total
                )
            self._take(data, items)
        except Exception as error:  # what makes the items may be the user's, and raise anything
            self._error = error
            if not items:
                raise
        self._total += len(data)
        return items

    def finish(self) -> list[T]:
        """The items that only the end of the body completes."""
        if self._error is not None:
            raise self._error
        items: list[T] = []
        self._end(items)
        return items

    def _too_long(self, what: str) -> LimitExceeded:
        return LimitExceeded(
            f"{what} is over the limit of {self.limits.line} bytes (Limits.line)",
            record=self._count,
            offset=self._offset,
        )

    def _cut(self, what: str) -> Truncated:
        return Truncated(
            f"the body ends inside {what}, after {self._count} complete ones",
            record=self._count,
            offset=self._offset,
        )

    def _take(self, data: bytes, items: list[T]) -> None:
        raise NotImplementedError

    def _end(self, items: list[T]) -> None:
        raise NotImplementedError


def _bytes_of(data: Any) -> bytes:
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)  # pyright: ignore[reportUnknownArgumentType] - of a memoryview of anything
    raise TypeError(f"feed: expected bytes, got {type(data).__qualname__}")
