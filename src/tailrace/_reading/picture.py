"""A document as far as it has come: containers with holes in them, and pictures of it that do not change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Final, NoReturn, cast, overload

from tailrace._holes import Kind
from tailrace._pointer import step_to
from tailrace.errors import DecodeError

Key = str | int
Listener = Callable[[], None]


class View(Sequence[Any]):
    """The first elements of a list that may grow behind them."""

    __slots__ = ("_count", "_elements")

    def __init__(self, elements: list[Any], count: int) -> None:
        self._elements = elements
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._elements[one] for one in range(*index.indices(self._count))]
        return self._elements[range(self._count)[index]]

    def __iter__(self) -> Iterator[Any]:
        return (self._elements[index] for index in range(self._count))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, View | list):
            return NotImplemented
        return list(self) == list(cast("Sequence[Any]", other))

    def __hash__(self) -> NoReturn:
        raise TypeError("a view of a list has no hash, as a list has none")

    def __repr__(self) -> str:
        return repr(list(self))


class Node:
    """What may still change: where it stands, and who wants to know of it."""

    __slots__ = ("depth", "listeners", "places")

    kind: Kind

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.places: list[tuple[Box, Key, int]] = []
        """What contains it, under which name or index, and since when."""
        self.listeners: dict[Listener, None] | None = None

    def tell(self) -> None:
        """Call those who listen, once."""
        listeners, self.listeners = self.listeners, None
        for listener in listeners or ():
            listener()

    def listen(self, listener: Listener) -> None:
        """Call `listener` at the next change."""
        if self.listeners is None:
            self.listeners = {}
        self.listeners[listener] = None

    def pointers(self, most: int = 100, *, at: int | None = None) -> list[str]:
        """The places that it has in the document, or had at some moment, as JSON Pointers (RFC 6901).

        All, or `most` of very many: a hole in a hole in a hole, each at two places, has more than can be stored.
        """
        outer: Node = self
        steps = ""
        while len(outer.places) == 1:  # as nearly everything has one place
            ((outer, key, _),) = outer.places
            steps = step_to(key) + steps
        found: list[str] = []
        waiting: list[tuple[Node, str]] = [(outer, steps)]
        while waiting and len(found) < most:
            node, below = waiting.pop()
            if not node.places:
                found.append(below[len(_TOP) :])
            for box, key, since in reversed(node.places):
                if at is None or since < at:
                    waiting.append((box, step_to(key) + below))
        return found

    def outdate(self) -> None:
        """The last picture of it, and of all that contains it, is not of what is there now."""
        waiting: list[Node] = [self]
        while waiting:
            for box, key, _ in waiting.pop().places:
                if key not in box.outdated:
                    box.outdated.add(key)
                    waiting.append(box)

    def tell_above(self) -> None:
        """Call those who listen to what contains it."""
        waiting: list[Node] = [self]
        seen: set[int] = set()
        while waiting:
            for box, _, _ in waiting.pop().places:
                if id(box) not in seen:
                    seen.add(id(box))
                    box.tell()
                    waiting.append(box)

    def above(self) -> set[int]:
        """The identities of all that contains it, and its own."""
        waiting: list[Node] = [self]
        seen = {id(self)}
        while waiting:
            above = [box for box, _, _ in waiting.pop().places if id(box) not in seen]
            seen.update(map(id, above))
            waiting += above
        return seen


moment: Final = count().__next__
"""A number for now: the later, the greater."""


_TOP: Final = "/0"
"""The document itself is the only element of what holds it."""


class Gap(Node):
    """A value that has not come, or a text that grows."""

    __slots__ = ("_joined", "_text", "kind", "pieces")

    def __init__(self, kind: Kind, depth: int, begun: str = "") -> None:
        super().__init__(depth)
        self.kind = kind
        self.pieces = [begun]
        self._text = ""
        self._joined = 0

    def begin(self, text: str) -> None:
        """Have this before anything comes."""
        self.pieces = [text]

    def so_far(self) -> str | None:
        """The text as far as it has come; None for a value."""
        if self.kind is not Kind.TEXT:
            return None
        if self._joined < len(self.pieces):
            self._text = "".join([self._text, *self.pieces[self._joined :]])
            self._joined = len(self.pieces)
        return self._text


def root_in(top: Box) -> Node:
    """What stands for the document itself, whatever has come of it."""
    root = Gap(Kind.VALUE, 0)
    root.places.append((top, 0, moment()))
    return root


class Box(Node):
    """An object or array with holes in it, or a list that grows."""

    __slots__ = ("drawing", "grows", "holes", "outdated", "value")

    kind = Kind.LIST

    def __init__(self, value: Any, depth: int, *, grows: bool = False) -> None:
        super().__init__(depth)
        self.value: Any = value
        """The object or list itself, in which what is missing is null, or empty."""
        self.grows = grows
        self.holes: dict[Key, Gap | Box] = {}
        """What may still change in it."""
        self.outdated: set[Key] = set()
        """The members that are not as they were drawn last."""
        self.drawing: Any = None

    def begin(self, elements: list[Any]) -> None:
        """Have these before anything comes."""
        self.value = elements

    @property
    def finished(self) -> bool:
        """Whether it stays as it is."""
        return not self.grows and not self.holes

    def put(self, key: Key, child: Any) -> None:
        """Place a value, or a node, where a hole is."""
        if isinstance(child, Gap | Box):
            self.holes[key] = child
            child.places.append((self, key, moment()))
            child = child.value if isinstance(child, Box) else child.so_far()
        else:
            self.holes.pop(key, None)
        self.value[key] = child

    def drawn(self) -> Any:
        """A picture of it, which does not change; what has not changed since the last one is shared with that."""
        order: list[Box] = []
        waiting: list[tuple[Box, bool]] = [(self, False)]
        seen: set[int] = set()
        while waiting:  # children before what contains them
            box, below_is_drawn = waiting.pop()
            if below_is_drawn:
                order.append(box)
            elif id(box) not in seen:
                seen.add(id(box))
                waiting.append((box, True))
                keys = box.holes if box.drawing is None else box.outdated
                inner = [box.holes.get(key) for key in keys]
                waiting += [(node, False) for node in inner if isinstance(node, Box)]
        for box in order:
            box.draw()
        return self.picture()

    def picture(self) -> Any:
        """What was drawn last."""
        if self.finished:
            return self.value
        return View(self.drawing, len(self.drawing)) if self.grows else self.drawing

    def _part(self, key: Key) -> Any:
        node = self.holes.get(key)
        if node is None:
            return self.value[key]
        return node.picture() if isinstance(node, Box) else node.so_far()

    def draw(self) -> None:
        """Draw it, once what it contains is drawn."""
        if self.finished:
            self.drawing = self.value
        elif self.drawing is None:
            self.drawing = self.value.copy()
            for key in self.holes:
                self.drawing[key] = self._part(key)
        elif isinstance(self.value, dict):
            if self.outdated:
                self.drawing = {**self.drawing, **{key: self._part(key) for key in self.outdated}}
        else:
            self._draw_list(cast("list[Any]", self.value))
        self.outdated = set()

    def _draw_list(self, value: list[Any]) -> None:
        # Pictures share one list, which only grows behind them, until an element of theirs changes.
        count = len(self.drawing)
        changed = [key for key in self.outdated if cast("int", key) < count]
        if changed:
            self.drawing = self.drawing.copy()
            for key in changed:
                self.drawing[key] = self._part(key)
        if self.holes:
            self.drawing += [self._part(key) for key in range(count, len(value))]
        else:
            self.drawing += value[count:]


def key_of(container: Any, name: str, offset: int) -> Key:
    """The member of a container that a meta's name means; indices begin at `offset`."""
    if isinstance(container, dict):
        if name in container:
            return name
    elif _INDEX.fullmatch(name):
        elements: list[Any] = container
        if offset + int(name) < len(elements):
            return offset + int(name)
    raise DecodeError(f"a meta for {name!r}, which the value does not have"[:200])


_INDEX: Final = re.compile("0|[1-9][0-9]{0,8}")
