"""What records make of a document: the state that every way of reading one shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, cast

from tailrace._holes import Kind
from tailrace._reading.failures import Failures
from tailrace._reading.picture import Box, Gap, Key, Node, key_of, moment
from tailrace.errors import DecodeError, LimitExceeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailrace._model import Limits, Problem
    from tailrace._reading.picture import Listener

Verb = Literal["set", "push", "text", "end", "err"]


class Change:
    """What one record did: `verb` is the record's, `value` what it brought.

    For `push` that is the list of new elements, for `text` the new piece, for `err` the `Problem`; None for `end`.
    A value may have holes in it, where it has null, or what was there of a list or text; it does not change.
    """

    __slots__ = ("_at", "_node", "value", "verb")

    def __init__(self, verb: Verb, node: Node, value: Any) -> None:
        self.verb: Verb = verb
        self.value = value
        self._node = node
        self._at = moment()

    @property
    def pointers(self) -> list[str]:
        """Where it did that: mostly one JSON Pointer (RFC 6901)."""
        # As it was then: records that came with the same bytes may have been applied since.
        return self._node.pointers(at=self._at)

    def __repr__(self) -> str:
        return f"Change({self.verb} {', '.join(self.pointers)}: {self.value!r})"


class Progress:
    """A document and its open holes, by their numbers; 0 is the document.

    Raises `DecodeError` for what no writer of such documents says; then nothing of it has taken effect.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.failures: Failures
        self.open: dict[int, Gap | Box]
        self._waiting: set[Listener] = set()
        self.begin()

    def begin(self) -> None:
        """Start with nothing."""
        self.top = Box([None], -1)
        root = Gap(Kind.VALUE, 0)
        self.top.put(0, root)
        self.open = {0: root}
        self._last = 0
        self._new: list[int] = []
        self._above: set[int] | None = None
        self.failures = Failures(self._limits.holes)

    @property
    def problems(self) -> Mapping[str, Problem]:
        """Of the holes that failed, by their JSON Pointers."""
        return self.failures.problems

    # What records do.

    def restart(self, value: Any, meta: Any = None) -> Change:
        """Start over with another document."""
        before = self.top, self.open, self._last, self.failures
        self.begin()
        try:
            change = self.fill(0, value, meta)
        except DecodeError:
            self.top, self.open, self._last, self.failures = before
            raise
        self.wake()
        return change

    def fill(self, number: int, value: Any, meta: Any = None) -> Change:
        """Give a hole its value."""
        gap = self._hole(number, Kind.VALUE)
        child = value if meta is None else self._attached(value, meta, gap)
        del self.open[number]
        self._place(gap, child)
        return Change("set", gap, _shown(child))

    def push(self, number: int, elements: list[Any], meta: Any = None) -> Change:
        """Append to a list."""
        box = cast("Box", self._hole(number, Kind.LIST))
        start = len(box.value)
        box.value += elements
        if meta is not None and not isinstance(meta, str):  # which would be a tag
            try:
                self._attach(box, meta, box, start)
            except DecodeError:
                del box.value[start:]
                raise
            elements = [_shown(box.holes.get(start + n, value)) for n, value in enumerate(elements)]
        box.outdate()
        box.tell()
        return Change("push", box, elements)

    def write(self, number: int, piece: str) -> Change:
        """Append to a text."""
        gap = cast("Gap", self._hole(number, Kind.TEXT))
        gap.pieces.append(piece)
        gap.outdate()
        gap.tell()
        return Change("text", gap, piece)

    def close(self, number: int) -> Change:
        """End a list or a text."""
        node = self._hole(number, None)
        if node.kind is Kind.VALUE:
            raise DecodeError(f"the end of hole {number}, which is neither a list nor a text")
        del self.open[number]
        self._end(node)
        return Change("end", node, None)

    def fail(self, number: int, problem: Problem) -> Change:
        """Leave a hole as it is, for good."""
        node = self._hole(number, None)
        self.failures.add(node, problem)
        node.tell_above()
        del self.open[number]
        self._end(node)
        return Change("err", node, problem)

    def _hole(self, number: int, kind: Kind | None) -> Gap | Box:
        node = self.open.get(number)
        if node is None:
            raise DecodeError(f"a record about hole {number}, which is not open")
        if kind is not None and node.kind is not kind:
            raise DecodeError(
                f"a record for a {kind.name.lower()}, and hole {number} is a {node.kind.name.lower()}"
            )
        return node

    # Where things stand.

    def _attached(self, value: Any, meta: Any, gap: Node) -> Any:
        """The value, or the node that it is as long as it has holes."""
        around = Box([value], gap.depth - 1)
        self._attach(around, {"0": meta}, gap)
        node = around.holes.get(0)
        if node is None:
            return value
        node.places.pop()  # around, the latest
        return node

    def _attach(self, box: Box, meta: Any, within: Node, offset: int = 0) -> None:
        """Make nodes of the holes that `meta` names in a container."""
        try:
            found = self._found(box, meta, within, offset)
            self._check_new()
        except DecodeError:
            for number in self._new:
                del self.open[number]
            raise
        finally:
            self._new, self._above = [], None
        for outer, key, node in found:
            outer.put(key, node)
        for _, _, node in reversed(found):
            if isinstance(node, Box) and node.finished:
                self._finish(node)

    def _found(self, box: Box, meta: Any, within: Node, offset: int) -> list[tuple[Box, Key, Gap | Box]]:
        """What `meta` names, each after what contains it."""
        found: list[tuple[Box, Key, Gap | Box]] = []
        waiting: list[tuple[Box, Any, int]] = [(box, meta, offset)]
        while waiting:
            box, meta, offset = waiting.pop()
            if type(meta) is not dict:
                raise DecodeError(f"a meta that is neither a number nor an object: {meta!r}"[:_LONGEST_SHOWN])
            for name, inner in cast("Mapping[str, Any]", meta).items():
                if type(inner) is str:  # the tag of a typed value
                    continue
                key = key_of(box.value, name, offset)
                value = box.value[key]
                if type(inner) is int:
                    found.append((box, key, self._node(inner, value, box.depth + 1, within)))
                elif isinstance(value, dict | list):
                    child = Box(value, box.depth + 1)
                    found.append((box, key, child))
                    waiting.append((child, inner, 0))
                else:
                    raise DecodeError(f"a meta with members for {name!r}, which has none")
        return found

    def _node(self, number: int, value: Any, depth: int, within: Node) -> Gap | Box:
        kind = _KINDS.get(cast("type[object]", type(value)))
        if kind is None:
            raise DecodeError(f"hole {number} where there is neither null nor a list nor a text")
        node = self.open.get(number)
        if node is not None:
            if node.kind is not kind:
                raise DecodeError(f"hole {number} is a {node.kind.name.lower()} and a {kind.name.lower()}")
            if self._above is None:
                self._above = within.above()
            if id(node) in self._above:
                raise DecodeError(f"hole {number} inside itself")
            if number > self._last and value:  # what it has begun with stands at one of its places
                node.begin(value)
            if isinstance(node, Box):  # else there is nothing in it that may have failed
                self.failures.moved()
            return node
        if depth > self._limits.depth:
            raise LimitExceeded(f"nested deeper than {self._limits.depth} levels (Limits.depth)")
        # A value's hole is closed by what introduces these.
        if len(self.open) - (within.kind is Kind.VALUE) >= self._limits.holes:
            raise LimitExceeded(f"more than {self._limits.holes} holes are open (Limits.holes)")
        node = Box(value, depth, grows=True) if kind is Kind.LIST else Gap(kind, depth, value or "")
        self._new.append(number)
        self.open[number] = node
        return node

    def _check_new(self) -> None:
        """Holes are numbered in the order in which they are introduced: no number comes again."""
        new = self._new
        if sorted(new) != list(range(self._last + 1, self._last + 1 + len(new))):
            raise DecodeError(f"new holes {new}, where {self._last + 1} is the next number"[:_LONGEST_SHOWN])
        self._last += len(new)

    def _place(self, gap: Node, child: Any) -> None:
        """Put what came where the gap stands."""
        gap.outdate()
        for box, key, _ in gap.places:
            box.put(key, child)
            if box.finished:
                self._finish(box)
        gap.tell()

    def _end(self, node: Gap | Box) -> None:
        if isinstance(node, Gap):
            self._place(node, node.so_far())
            return
        node.outdate()
        node.grows = False
        if node.finished:
            self._finish(node)
        else:
            node.tell()

    def _finish(self, box: Box) -> None:
        """Nothing in it changes any more; so it may be with what contains it."""
        waiting = [box]
        while waiting:
            done = waiting.pop()
            for outer, key, _ in done.places:
                if outer.holes.get(key) is done:
                    del outer.holes[key]
                    if outer.finished:
                        waiting.append(outer)
            done.tell()

    # Who waits for it.

    def wait(self, node: Node, listener: Listener) -> None:
        """Call `listener` when something happens to a node, or to all."""
        node.listen(listener)
        self._waiting.add(listener)

    @property
    def awaited(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def leave(self, node: Node, listener: Listener) -> None:
        """Forget who was called, or has left."""
        self._waiting.discard(listener)
        if node.listeners:
            node.listeners.pop(listener, None)

    def wake(self) -> None:
        """Call everyone who waits."""
        waiting, self._waiting = self._waiting, set()
        for listener in waiting:
            listener()


def _shown(child: Any) -> Any:
    """A value, or what is there of a node."""
    if isinstance(child, Box):
        return child.drawn()
    return child.so_far() if isinstance(child, Gap) else child


_KINDS: Final[dict[type, Kind]] = {type(None): Kind.VALUE, list: Kind.LIST, str: Kind.TEXT}
_LONGEST_SHOWN: Final = 200
