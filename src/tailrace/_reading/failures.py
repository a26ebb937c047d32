"""The parts of a document that failed, and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailrace.errors import LimitExceeded

if TYPE_CHECKING:
    from tailrace._model import Problem
    from tailrace._reading.picture import Node


class Failures:
    """The parts that failed, which together stand at `most` places."""

    __slots__ = ("_around", "_most", "_nodes", "_problems", "_stale")

    def __init__(self, most: int) -> None:
        self._most = most
        self._nodes: list[tuple[Node, Problem]] = []
        self._problems: dict[str, Problem] = {}
        self._around: set[str] = set()
        """The places that contain one of theirs."""
        self._stale = False

    def add(self, node: Node, problem: Problem) -> None:
        """Take note of one."""
        if not self._stale:
            self._note(node, problem)
        self._nodes.append((node, problem))

    def moved(self) -> None:
        """Say that something stands at a further place, and maybe what failed inside it."""
        self._stale = bool(self._nodes)

    @property
    def problems(self) -> dict[str, Problem]:
        """Their problems, by their JSON Pointers; raises `LimitExceeded` where there are too many."""
        if self._stale:
            self._problems, self._around = {}, set()
            for node, problem in self._nodes:
                self._note(node, problem)
            self._stale = False
        return self._problems

    def within(self, pointer: str) -> tuple[str, Problem] | None:
        """One that failed at a place or inside it, and where."""
        problems = self.problems
        if pointer in problems:
            return pointer, problems[pointer]
        if pointer not in self._around:
            return None
        return next(one for one in problems.items() if one[0].startswith(f"{pointer}/"))

    def around(self, pointer: str) -> tuple[str, Problem] | None:
        """One that failed around a place, and where."""
        problems = self.problems
        for outer in _above(pointer):
            if outer in problems:
                return outer, problems[outer]
        return None

    def _note(self, node: Node, problem: Problem) -> None:
        problems = dict.fromkeys(node.pointers(self._most + 1), problem)
        if len(self._problems) + len(problems) > self._most:
            raise LimitExceeded(f"what failed stands at more than {self._most} places (Limits.holes)")
        self._problems |= problems
        for pointer in problems:
            self._around.update(_above(pointer))


def _above(pointer: str) -> list[str]:
    """The places that contain a place."""
    steps = pointer.split("/")
    return ["/".join(steps[:count]) for count in range(1, len(steps))]
