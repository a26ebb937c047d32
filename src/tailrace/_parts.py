"""A value with holes in it: its text, and where the holes are."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from tailrace._pointer import step_to

Place = tuple["Place", str | int] | None
"""Where in the document something stands: the place of what contains it, and the name or index in that."""


def pointer(place: Place) -> str:
    """The place as a JSON Pointer (RFC 6901)."""
    return "".join(map(step_to, _steps(place)))


def enter(meta: dict[str, Any], place: tuple[Place, str | int], number: Any) -> None:
    """Note a number in a meta under all that contains its place."""
    *outer, last = map(str, _steps(place))
    for step in outer:
        meta = meta.setdefault(step, {})
    meta[last] = number


def _steps(place: Place) -> list[str | int]:
    """The names and indices that lead to a place."""
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    steps.reverse()
    return steps


class Spot(Protocol):
    """A hole, as far as a tree knows it: it is told where it stands, if it was not before."""

    def stand_at(self, place: Place, depth: int, /) -> None:
        """Take note of the first place."""
        ...


H = TypeVar("H", bound=Spot)
Shape: TypeAlias = dict[str, Any] | H
"""The holes of a value by where they are: the value itself, or in its members and elements."""


class Part(Generic[H]):
    """A value with holes: its JSON text, the holes where they stand in it."""

    __slots__ = ("content", "shape")

    def __init__(self, content: list[bytes | H], shape: Shape[H]) -> None:
        self.content = content
        self.shape = shape
