"""A document as a tree that fills in: what is there, what is to come, and what has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from rich.text import Text
from rich.tree import Tree

from tailrace._pointer import step_to
from tailrace._reading.picture import View
from tailrace.cli.watch.table import cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailrace import Problem

_MOST: Final = 14
"""Elements of a list that are shown: a few of its beginning, and its end."""
_SHORT: Final = 72
_TAIL: Final = 60


class Growth:
    """A document: what there is of it, the places of what is to come, and what has failed."""

    noun = "change"

    def __init__(self) -> None:
        self.value: Any = None
        self._open: list[str] = []
        self._problems: dict[str, Problem] = {}

    def take(self, item: Any) -> None:
        """What there is now."""
        self.value, self._open, self._problems = item

    def draw(self, height: int) -> Tree:
        """All of it, as far as there is room: each member a line, and the rest for what is in them, from above."""
        tree = Tree(self._label("document", self.value, ""), guide_style="dim")
        self._grow(tree, self.value, "", height - 1)
        return tree

    def _grow(self, tree: Tree, value: Any, pointer: str, room: int) -> int:
        """Add what is in a value, in so many lines at most; how many it took."""
        coming = isinstance(value, list | View) and pointer in self._open and room > 0
        members = _members(value, room - coming)
        used = 0
        for place, (name, member, step) in enumerate(members):
            # What comes behind it has a line each, whatever is in this one.
            left = room - used - coming - (len(members) - place)
            used += 1
            if step is None:
                tree.add(Text(name, style="dim"))
            elif self._is_short(member, pointer + step):
                tree.add(Text(name, style="bold").append("  ").append_text(_flat(member)))
            else:
                branch = tree.add(self._label(name, member, pointer + step))
                used += self._grow(branch, member, pointer + step, left)
        if coming:
            tree.add(Text("⋯ more to come", style="italic yellow"))
        return used + coming

    def _is_short(self, value: Any, pointer: str) -> bool:
        """Whether an object fits on a line: with nothing in it that changes, or has parts."""
        if not isinstance(value, dict) or pointer in self._problems:
            return False
        members = cast("dict[str, Any]", value)
        if not members or any(isinstance(member, dict | list | View) for member in members.values()):
            return False
        inside = f"{pointer}/"
        changing = any(place.startswith(inside) for place in (*self._open, *self._problems))
        return not changing and len(_flat(members)) <= _SHORT

    def _label(self, name: str, value: Any, pointer: str) -> Text:
        label = Text(name, style="bold")
        if pointer in self._problems:
            return label.append(f"  ✗ {self._problems[pointer].title}", style="not bold red")
        if isinstance(value, list | View):
            return label.append(f"  {len(cast('Sequence[Any]', value))}", style="not bold dim")
        if isinstance(value, dict):
            return label
        if pointer in self._open:
            if isinstance(value, str):
                return label.append("  ").append_text(_plain(value[-_TAIL:])).append("▌", style="yellow")
            return label.append("  ⋯", style="not bold italic yellow")
        return label.append("  ").append_text(_plain(value))


def _plain(value: Any) -> Text:
    text = cell(value)
    text.stylize("not bold")
    return text


def _flat(members: dict[str, Any]) -> Text:
    """An object on a line."""
    text = Text(style="not bold")
    for name, member in members.items():
        text.append(" · " if text else "", style="dim").append(f"{name} ", style="dim").append_text(
            cell(member)
        )
    return text


def _members(value: Any, room: int) -> list[tuple[str, Any, str | None]]:
    """As many members or elements as there is room for, and the step to each; one without stands for what is left out.

    Of an object those are the first, of a list the first few and the last.
    """
    found: list[tuple[str, Any, str | None]] = []
    if room <= 0:
        return found
    if isinstance(value, dict):
        found = [(name, member, step_to(name)) for name, member in cast("dict[str, Any]", value).items()]
        return found if len(found) <= room else [*found[: room - 1], _left_out(len(found) - room + 1)]
    if not isinstance(value, list | View):
        return found
    elements = cast("Sequence[Any]", value)
    count, most = len(elements), min(room, _MOST)
    first = count if count <= most else (most - 1) // 4
    last = range(count, count) if count <= most else range(count - (most - 1 - first), count)
    found = [(str(index), elements[index], step_to(index)) for index in (*range(first), *last)]
    return found if count <= most else [*found[:first], _left_out(count - len(found)), *found[first:]]


def _left_out(count: int) -> tuple[str, Any, None]:
    return f"… {count:,} more", None, None
