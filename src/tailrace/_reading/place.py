"""A place in a document that is being read: what is there of it, and what will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self, cast

from tailrace._holes import Kind
from tailrace._pointer import step_to, steps_of
from tailrace._reading.picture import Box, Gap, Key
from tailrace.errors import StreamFailed, TailraceError, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tailrace._reading.progress import Progress


class Reading:
    """What handles share: the document's progress, and how its reading ended."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.over = False
        """Whether no more will come."""
        self.error: BaseException | None = None
        """Why it ended before it was complete."""
        self.made: Callable[[Any], Any] = _as_it_is
        """What makes the finished whole what the user wants it to be."""
        self.demand: Callable[[], object] = _nothing
        """Called by who waits: whoever reads only as far as somebody wants it, reads on."""

    @property
    def complete(self) -> bool:
        """Whether all has come that will."""
        return self.over and self.error is None

    def failure(self, pointer: str) -> TailraceError:
        """What to raise for a part that did not come."""
        cause = self.error
        if isinstance(cause, StreamFailed):
            return StreamFailed(cause.problem, pointer=pointer)
        why = (
            "" if cause is None or isinstance(cause, TailraceError) else f" ({type(cause).__name__}: {cause})"
        )
        error = Truncated(f"the document ended before {pointer or 'it'} had come{why}")
        error.missing = [pointer]
        error.__cause__ = cause
        return error


def _as_it_is(value: Any) -> Any:
    return value


def _nothing() -> None:
    """Whoever feeds it does so by himself."""


class Place:
    """One place of a document, by the keys and indices that lead to it; how to wait for it is for those who can."""

    __slots__ = ("_reading", "_steps")

    def __init__(self, reading: Reading, steps: tuple[Key, ...] = ()) -> None:
        self._reading = reading
        self._steps = steps

    def __getitem__(self, key: Key) -> Self:
        """A place inside."""
        if isinstance(cast("Any", key), bool) or not isinstance(cast("Any", key), str | int):
            raise TypeError(f"expected the name of a member or the index of an element, got {key!r}")
        return self.__class__(self._reading, (*self._steps, key))

    def at(self, pointer: str) -> Self:
        """The place inside at a JSON Pointer (RFC 6901); raises `ValueError` where that is none."""
        return self.__class__(self._reading, (*self._steps, *steps_of(pointer)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.pointer or 'the document'}>"

    @property
    def pointer(self) -> str:
        """The place as a JSON Pointer (RFC 6901)."""
        return "".join(map(step_to, self._steps))

    @property
    def value(self) -> Any:
        """What is there: null where a value is missing, lists and texts as far as they have come.

        It does not change; what comes later is in another. Raises `LookupError` where there is no such place, yet or
        for good.
        """
        node, value = self.find()
        if value is NOT_YET:
            raise LookupError(f"{self.pointer or 'the document'} has not come yet")
        if node is None:
            return value
        return node.drawn() if isinstance(node, Box) else node.so_far()

    @property
    def finished(self) -> bool:
        """Whether its value stays as it is; false for a place that is not there.

        The whole document is finished once its last record has come.
        """
        try:
            return self.find()[0] is None and (bool(self._steps) or self._reading.complete)
        except LookupError:
            return False

    # For who waits.

    @property
    def reading(self) -> Reading:
        """The document that it is a place of."""
        return self._reading

    def settled(self) -> tuple[Gap | Box | None, Any]:
        """What its value waits for, or None and the value; raises where it will never come."""
        self.check()
        node, value = self.found()
        if node is None and not self.confirmed():
            return self._reading.progress.top, value
        if node is not None and self._reading.over:
            raise self._reading.failure(self.pointer)
        return node, value

    def confirmed(self) -> bool:
        """Whether nothing is to come, not even the last record; raises where that has not come."""
        if self._steps or self._reading.complete:
            return True
        if self._reading.over:
            raise self._reading.failure(self.pointer)
        return False

    def found(self) -> tuple[Gap | Box | None, Any]:
        """The same as `find`; but what is not there for something around it has failed has failed too."""
        try:
            return self.find()
        except LookupError:
            failed = self._reading.progress.failures.around(self.pointer)
            if failed is not None:
                raise StreamFailed(failed[1], pointer=failed[0]) from None
            raise

    def check(self) -> None:
        """Raise if it has failed, or something in it."""
        failed = self._reading.progress.failures.within(self.pointer)
        if failed is not None:
            raise StreamFailed(failed[1], pointer=failed[0])

    def find(self) -> tuple[Gap | Box | None, Any]:
        """What may still change there, if anything, and the value; `NOT_YET` and what has to come before."""
        top = self._reading.progress.top
        node, value = top.holes.get(0), top.value[0]
        for count, step in enumerate(self._steps):
            if isinstance(node, Gap) and node.kind is Kind.VALUE:
                return node, NOT_YET
            key = _key_of(value, step)
            if key is None:
                if isinstance(node, Box) and node.grows and _is_index(step):
                    return node, NOT_YET
                raise LookupError(
                    f"{Place(self._reading, self._steps[: count + 1]).pointer}: {_there(value)}"
                )
            node, value = (node.holes.get(key) if isinstance(node, Box) else None), value[key]
        if isinstance(node, Gap) and node.kind is Kind.VALUE:
            return node, NOT_YET if not self._steps else None
        return node, value


NOT_YET: Final = object()


def _key_of(container: Any, step: Key) -> Key | None:
    """The key that a step means in a container; None where it has none such."""
    if isinstance(container, dict):
        return str(step) if str(step) in container else None
    if isinstance(container, list) and _is_index(step):
        return int(step) if int(step) < len(cast("Sequence[Any]", container)) else None
    return None


def _is_index(step: Key) -> bool:
    return step >= 0 if isinstance(step, int) else step.isdecimal() and step.isascii()


def _there(value: Any) -> str:
    """What there is where something else was looked for."""
    if isinstance(value, dict):
        names = [repr(name) for name in cast("Iterable[str]", value)]
        return f"no such member; expected one of {', '.join(names[:_MOST_NAMES])}" if names else "no members"
    if isinstance(value, list):
        return f"no such element; expected an index below {len(cast('Sequence[Any]', value))}"
    return f"neither an object nor a list, but {type(value).__name__}"


_MOST_NAMES: Final = 20
