"""Random trees: how they are made, anew for every use, and what `asyncio.gather` makes of one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st

from tailrace import GrowingText

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable

_TURNS = st.integers(0, 5)
_NAMES = st.sampled_from(["a", "b", "$1", "a/b", "~", "", "é", "__proto__"])
_STRINGS = ["", "ab", "x\u2028y", "é", "🙂"]


class MeantError(Exception):
    """What parts of these trees fail with."""


@dataclass(frozen=True)
class Later:
    """A value behind an awaitable of some kind, after some turns of the loop."""

    how: str
    turns: int
    value: Any


@dataclass(frozen=True)
class Failing:
    """An awaitable that raises after some turns."""

    turns: int


@dataclass(frozen=True)
class Twice:
    """One awaitable at two places."""

    later: Later


@dataclass(frozen=True)
class Shared:
    """One of the sources that a tree has only one of each, wherever and whenever it is put."""

    which: str


@dataclass(frozen=True)
class Rows:
    """Elements that come one by one; the last may be an error."""

    rows: tuple[tuple[int, Any], ...]
    fails: bool


@dataclass(frozen=True)
class Writing(Rows):
    """A text whose pieces come one by one."""


def plans(*, fails: bool = True, placeholders: bool = True) -> st.SearchStrategy[Any]:
    """What trees are `built` from; `placeholders`: with strings that are some in version 1 of the protocol."""
    strings = st.sampled_from([*_STRINGS, *(["$1", "$2"] if placeholders else [])])
    scalars = st.none() | st.booleans() | st.integers(-9, 9) | strings
    failing = st.builds(Failing, _TURNS) if fails else st.nothing()
    shared = st.builds(Shared, st.sampled_from(["task", "rows", "text"]))
    may_fail = st.booleans() if fails else st.just(value=False)

    def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        later = st.builds(Later, st.sampled_from(["coroutine", "task", "awaitable"]), _TURNS, inner)
        rows = st.lists(st.tuples(_TURNS, inner), max_size=4).map(tuple)
        pieces = st.lists(st.tuples(_TURNS, strings), max_size=4).map(tuple)
        return (
            st.lists(inner, max_size=3)
            | st.dictionaries(_NAMES, inner, max_size=3)
            | later
            | later.map(Twice)
            | st.builds(Rows, rows, may_fail)
            | st.builds(Writing, pieces, may_fail)
        )

    return st.dictionaries(
        _NAMES, st.recursive(scalars | failing | shared, larger, max_leaves=12), max_size=4
    )


def built(plan: Any) -> Any:
    """A tree of fresh coroutines, tasks and generators."""
    return _Builder().built(plan)


class _Builder:
    """Makes one tree, what comes later in it included."""

    def __init__(self) -> None:
        self._shared: dict[str, Any] = {}

    def built(self, plan: Any) -> Any:
        if isinstance(plan, dict):
            return {name: self.built(member) for name, member in plan.items()}
        if isinstance(plan, list):
            return [self.built(element) for element in plan]
        if isinstance(plan, Twice):
            one = self._awaitable(plan.later)
            return [one, {"again": one}]
        makers: dict[type, Callable[[Any], Any]] = {
            Later: self._awaitable,
            Failing: lambda plan: _fail(plan.turns),
            Rows: self._rows,
            Writing: lambda plan: GrowingText(self._rows(plan)),
            Shared: lambda plan: self._source(plan.which),
        }
        maker = makers.get(type(plan))
        return plan if maker is None else maker(plan)

    def _awaitable(self, later: Later) -> Awaitable[Any]:
        if later.how == "awaitable":
            return _Other(lambda: self._value(later))
        coroutine = self._value(later)
        return asyncio.ensure_future(coroutine) if later.how == "task" else coroutine

    async def _value(self, later: Later) -> Any:
        await _turns(later.turns)
        return self.built(later.value)

    async def _rows(self, plan: Rows) -> AsyncIterator[Any]:
        for turns, row in plan.rows:
            await _turns(turns)
            yield self.built(row)
        if plan.fails:
            raise MeantError

    def _source(self, which: str) -> Any:
        if which not in self._shared:
            makers: dict[str, Callable[[], Any]] = {
                "task": lambda: asyncio.ensure_future(self._value(Later("task", 4, {"n": 1}))),
                "rows": lambda: _Again(lambda: self._rows(Rows(((1, 1), (2, {"n": 2})), fails=False))),
                "text": lambda: GrowingText(
                    _Again(lambda: self._rows(Writing(((1, "a"), (2, "b")), fails=False)))
                ),
            }
            self._shared[which] = makers[which]()
        return self._shared[which]


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _fail(turns: int) -> None:
    await _turns(turns)
    raise MeantError


class _Other:
    """An awaitable that is neither a coroutine nor a future."""

    def __init__(self, make: Callable[[], Awaitable[Any]]) -> None:
        self._make = make

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._make().__await__()


class _Again:
    """An async iterable that can be read more than once."""

    def __init__(self, make: Callable[[], AsyncIterator[Any]]) -> None:
        self._make = make

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._make()


@dataclass
class Finished:
    """What a tree is in the end, and where parts of it have failed; lists and texts that fail end, unless `grows`."""

    grows: bool = True

    def __post_init__(self) -> None:
        # With the awaitable itself: the id of one that is gone comes again.
        self._shared: dict[int, tuple[Any, asyncio.Future[tuple[Any, set[str]]]]] = {}

    async def of(self, value: Any) -> tuple[Any, set[str]]:
        """The finished value, by `asyncio.gather`, and the places in it that have failed."""
        if isinstance(value, dict):
            steps = [name.replace("~", "~0").replace("/", "~1") for name in value]
            members, failed = await self._inner(value.values(), steps)
            return dict(zip(value, members, strict=True)), failed
        if isinstance(value, list):
            return await self._inner(value, range(len(value)))
        if isinstance(value, GrowingText):
            return await self._collected(value, "".join)
        if hasattr(value, "__aiter__"):
            return await self._collected(value, list)
        if hasattr(value, "__await__"):
            if id(value) not in self._shared:
                self._shared[id(value)] = value, asyncio.ensure_future(self._awaited(value))
            return await self._shared[id(value)][1]
        return value, set()

    async def _inner(self, values: Iterable[Any], steps: Iterable[Any]) -> tuple[list[Any], set[str]]:
        finished = await asyncio.gather(*map(self.of, values))
        failed = {
            f"/{step}{place}" for step, (_, places) in zip(steps, finished, strict=True) for place in places
        }
        return [value for value, _ in finished], failed

    async def _awaited(self, value: Any) -> tuple[Any, set[str]]:
        try:
            result = await value
        except MeantError:
            return None, {""}
        return await self.of(result)

    async def _collected(self, value: Any, whole: Callable[[Any], Any]) -> tuple[Any, set[str]]:
        rows: list[Any] = []
        failed: set[str] = set()
        try:
            async for row in value:
                rows.append(row)  # noqa: PERF401 - what came before an error counts
        except MeantError:
            failed = {""}
        finished, inside = await self.of(rows)
        return (None, failed) if failed and not self.grows else (whole(finished), failed | inside)
