"""What writes a document and what reads one, whatever the format: the root, then what is known of its holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from tailrace._reading.handle import Handle, Reading
from tailrace._reading.progress import Change, Progress
from tailrace.errors import DecodeError, LimitExceeded, TailraceError, Truncated
from tailrace.formats._base import BaseDecoder, Encoder

if TYPE_CHECKING:
    from tailrace._holes import Kind
    from tailrace._json import ForeignEncoder
    from tailrace._model import Limits, Problem
    from tailrace._reading.picture import Key

    Meta = dict[str, Any] | int | None
    """The holes of a value by their numbers, in its shape: JSON has no room for them beside the value."""


class DocumentEncoder(Encoder):
    """Writes one document, each call one frame; holes have the numbers that `number` gives.

    Text comes as pieces of JSON, one behind the other.
    """

    grows: bool = True
    """Whether lists and texts go out while they grow; else they are values that come when they are complete."""

    wary: bool = False
    """Whether `saw` is to be told of all data before it is written."""

    def __init__(self, encoder: ForeignEncoder | None) -> None:
        super().__init__(_no_items)
        self.foreign = encoder
        self._number = 0
        self._count = 0
        """Records that went out."""
        self.problems: tuple[str, list[dict[str, Any]]] | None = None
        """What the problems are listed under, and they; None where one is enough to fail the whole."""

    def join(self, frames: list[bytes]) -> bytes:
        """The next records, counted."""
        self._count += len(frames)
        return super().join(frames)

    def saw(self, pieces: list[bytes]) -> int | None:
        """Look at data that is about to be written, before its holes are numbered; a hole that it is mistaken for."""
        del pieces
        return None

    def number(self) -> int:
        """The number of the next hole."""
        self._number += 1
        return self._number

    def stand_in(self, kind: Kind, number: int) -> bytes:
        """What stands where a hole is."""
        raise NotImplementedError

    def root(self, text: list[bytes], meta: Meta) -> bytes:
        """The document itself."""
        raise NotImplementedError

    def value(self, number: int, text: list[bytes], meta: Meta) -> bytes:
        """The value of a hole."""
        raise NotImplementedError

    def plain(self, number: int, text: bytes) -> bytes:
        """The value of a hole that has no holes."""
        return self.value(number, [text], None)

    def elements(self, number: int, text: list[bytes], meta: Meta) -> bytes:
        """More elements of a list, with commas between them."""
        raise NotImplementedError

    def characters(self, number: int, text: bytes) -> bytes:
        """More of a text, as a JSON string."""
        raise NotImplementedError

    def over(self, number: int) -> bytes:
        """The end of a list or a text."""
        raise NotImplementedError

    def failed(self, number: int, problem: Problem) -> bytes:
        """A hole that stays one."""
        raise NotImplementedError


def _no_items(item: Any) -> NoReturn:
    raise AssertionError(f"a document is no item: {item!r}")


_MOST_SHOWN = 10


class DocumentReader(BaseDecoder[Change]):
    """Bytes to changes of a document, which is there as far as it has come.

    `reader["user"]`, `reader["posts"][0]` and `reader.at("/posts/0")` are handles of its parts: `value` is what is
    there, `await` what will be. `feed` and `finish` raise as those of every decoder do; then what is there
    stays readable, and whoever waits for more gets `Truncated`.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._progress = Progress(limits)
        self._reading = Reading(self._progress)

    def feed(self, data: bytes, /) -> list[Change]:
        """The changes that `data` brings."""
        try:
            return super().feed(data)
        finally:
            self._end_of_reading(self._error)

    def finish(self) -> list[Change]:
        """The changes that only the end of the body brings; raises `Truncated` where it is not complete."""
        try:
            return super().finish()
        except TailraceError as error:
            self._error = error  # who asks again is told again
            self._end_of_reading(error)
            raise

    def _end_of_reading(self, error: TailraceError | None) -> None:
        if error is not None and not self._reading.over:
            self._reading.over, self._reading.error = True, error
            self._progress.wake()

    # See `Handle`.
    __iter__: ClassVar[None] = None
    __contains__: ClassVar[None] = None

    def __getitem__(self, key: Key) -> Handle:
        """A part of the document."""
        return self.document[key]

    @property
    def document(self) -> Handle:
        """The whole."""
        return Handle(self._reading)

    def at(self, pointer: str) -> Handle:
        """The part at a JSON Pointer (RFC 6901); raises `ValueError` where that is none."""
        if pointer and not pointer.startswith("/"):
            raise ValueError(f"expected a JSON Pointer such as /posts/0, or nothing, got {pointer!r}")
        steps = pointer.split("/")[1:]
        return Handle(self._reading, tuple(step.replace("~1", "/").replace("~0", "~") for step in steps))

    @property
    def value(self) -> Any:
        """A picture of the document as far as it has come; raises `LookupError` before anything has."""
        return self.document.value

    @property
    def problems(self) -> dict[str, Problem]:
        """The problems of the parts that failed, by their JSON Pointers."""
        return dict(self._progress.problems)

    @property
    def open(self) -> list[str]:
        """The JSON Pointers of the parts that have not come, or may still grow."""
        return [pointer for node in self._progress.open.values() for pointer in node.pointers()]

    @property
    def complete(self) -> bool:
        """Whether all has come that will."""
        return self._reading.over and self._reading.error is None

    def _completed(self) -> None:
        self._reading.over = True
        self._progress.wake()

    def _cut_off(self, reason: str) -> Truncated:
        missing = self.open
        shown = ", ".join(pointer or "the document" for pointer in missing[:_MOST_SHOWN])
        more = f" and {len(missing) - _MOST_SHOWN} more" if len(missing) > _MOST_SHOWN else ""
        error = Truncated(
            reason + (f"; missing: {shown}{more}" if missing else ""), record=self._count, offset=self._offset
        )
        error.missing = missing
        return error

    def _located(self, error: DecodeError) -> DecodeError:
        """The same error, with the record that it is about."""
        kind = LimitExceeded if isinstance(error, LimitExceeded) else DecodeError
        return kind(error.reason, record=self._count, offset=self._offset)
