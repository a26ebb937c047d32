"""What a part of a document is in: nothing may contain itself."""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from tailrace.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FEW: Final = 8


class Lineage:
    """One part, and those that it is in; it keeps nothing of what they have."""

    __slots__ = ("_most", "_outers", "_source", "over")

    def __init__(self, outer: Lineage | None, source: Any) -> None:
        self.over = False
        """Whether nothing comes of it any more."""
        # A coroutine gives its value once: it is in that at no second place.
        self._source = None if iscoroutine(source) else _weak(source)
        self._outers: set[Lineage] = set() if outer is None else {outer}
        self._most = _FEW

    def found_in(self, outer: Lineage | None) -> None:
        """Take note of a further place; raises `EncodeError` where that is inside of this one."""
        if outer is None or outer in self._outers:
            return
        if self in _around([outer]):
            raise _inside_itself()
        self._outers.add(outer)
        if len(self._outers) > self._most:
            self._outers = _lasting(self._outers)
            self._most = 2 * len(self._outers) + _FEW

    def check(self, source: Any) -> None:
        """Raise `EncodeError` where that is the source of this part, or of one that this is in."""
        if not iscoroutine(source) and any(one.came_from(source) for one in _around([self])):
            raise _inside_itself()

    def came_from(self, source: Any) -> bool:
        """Whether that is its source."""
        return self._source is not None and self._source() is source

    def outers(self) -> set[Lineage]:
        """What it is in, as far as that can be found again."""
        if any(one.is_gone for one in self._outers):
            self._outers = _lasting(self._outers)
        return self._outers

    @property
    def is_gone(self) -> bool:
        """Whether it can be found in nothing any more."""
        return self.over and (self._source is None or self._source() is None)


def _lasting(lineages: Iterable[Lineage]) -> set[Lineage]:
    """The same with what those are in in the place of those that are gone."""
    waiting, lasting, seen = list(lineages), set[Lineage](), set[Lineage]()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if one.is_gone:
            waiting += one.outers()
        else:
            lasting.add(one)
    return lasting


def _inside_itself() -> EncodeError:
    return EncodeError("a part that contains itself")


def _around(lineages: Iterable[Lineage]) -> set[Lineage]:
    """These, and all that they are in."""
    waiting = list(lineages)
    seen = set(waiting)
    while waiting:
        fresh = [one for one in waiting.pop().outers() if one not in seen]
        seen.update(fresh)
        waiting += fresh
    return seen


def _weak(source: Any) -> Callable[[], Any]:
    try:
        return ref(source)
    except TypeError:
        return lambda: source
