"""What reads a document, whatever the format: bytes to changes, and the document as far as it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tailrace._reading.handle import Handle
from tailrace._reading.picture import root_in
from tailrace._reading.place import Reading
from tailrace._reading.progress import Change, Progress
from tailrace.errors import DecodeError, LimitExceeded, TailraceError, Truncated
from tailrace.formats._base import BaseDecoder

if TYPE_CHECKING:
    from tailrace._model import Limits, Problem
    from tailrace._reading.picture import Key

_MOST_SHOWN: Final = 10


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

    def fail(self, error: BaseException) -> None:
        """Say why no more will come, such as a connection that broke: whoever waits gets `Truncated` from it.

        So does who feeds or finishes it.
        """
        if not self._reading.over:
            self._end_of_reading(error)
            self._error = self._reading.failure("")

    def _end_of_reading(self, error: BaseException | None) -> None:
        if error is not None and not self._reading.over:
            self._reading.over, self._reading.error = True, error
            self._progress.wake()

    @property
    def last_event_id(self) -> str | None:
        """The id of the event that the last record came with, where there are events."""
        return None

    @property
    def retry(self) -> float | None:
        """The reconnection time that the server has named, in seconds."""
        return None

    def reconnected(self) -> None:
        """Go on with another body, which begins behind the last event that came."""
        raise NotImplementedError

    def __repr__(self) -> str:
        state = "complete" if self.complete else "ended" if self._reading.over else "open"
        return f"<{type(self).__name__}: {state}, {self._count} records>"

    # See `Handle`.
    __iter__: ClassVar[None] = None
    __contains__: ClassVar[None] = None

    def __getitem__(self, key: Key) -> Handle:
        """A part of the document."""
        return self.document[key]

    @property
    def reading(self) -> Reading:
        """What its handles share."""
        return self._reading

    @property
    def document(self) -> Handle:
        """The whole."""
        return Handle(self._reading)

    def at(self, pointer: str) -> Handle:
        """The part at a JSON Pointer (RFC 6901); raises `ValueError` where that is none."""
        return self.document.at(pointer)

    @property
    def value(self) -> Any:
        """A picture of the document as far as it has come; raises `LookupError` before anything has."""
        return self.document.value

    @property
    def begun(self) -> bool:
        """Whether anything has come."""
        return self._count > 0 or self.complete

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
        return self._reading.complete

    def so_far(self) -> Change:
        """All that has come, as one change of the whole; raises `LookupError` before anything has."""
        return Change("set", root_in(self._progress.top), self.value)

    @property
    def ended(self) -> bool:
        """Whether its last record has come."""
        return self.complete

    # For those who apply the records.

    _what: ClassVar[str]
    """What a piece of the body is called in an error."""

    _expected: ClassVar[str]
    """What the body is taken for."""

    def _expect_more(self) -> None:
        if self._reading.over:
            raise self._located(DecodeError(f"a {self._what} behind the last"))

    def _ended(self, rest: bytes = b"") -> None:
        """See whether the body has ended well; `rest` is what there is of one more record."""
        if not self._reading.over:
            where = f"inside a {self._what}" if rest else f"before its last {self._what}"
            raise self._cut_off(f"the body ends {where}{self._doubt()}")
        if rest:
            self._expect_more()

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
        if isinstance(error, LimitExceeded):
            return LimitExceeded(error.reason, record=self._count, offset=self._offset)
        return DecodeError(error.reason + self._doubt(), record=self._count, offset=self._offset)

    def _doubt(self) -> str:
        """What to look at where nothing that was expected has come."""
        return "" if self._count else f" (is it {self._expected}? See the response's status and Content-Type)"
