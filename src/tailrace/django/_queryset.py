"""Rows of a queryset, a batch at a time, as what JSON knows."""

from __future__ import annotations

import contextvars
from asyncio import wrap_future
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from anyio import CancelScope
from asgiref.sync import sync_to_async
from django.db.models import Manager, Model, QuerySet
from django.db.models.query import RawQuerySet

from tailrace.django._connections import close_connections, in_transaction
from tailrace.django._keyset import check_keyset, keyset_batches
from tailrace.django._orm import meta_of, prefetched
from tailrace.django._rows import Batches, batches_of, raw_batches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

Source: TypeAlias = "QuerySet[Any, Any] | RawQuerySet[Any] | Manager[Any]"


def from_queryset(queryset: Source, chunk_size: int = 2000, keyset: bool = False) -> Rows:  # noqa: FBT001, FBT002 - it reads as `keyset=True`
    """The rows of a queryset, fetched while they are streamed: a sync and an async iterable, as often as is wanted.

    Models become dicts of their fields that were loaded and of their annotations, with those of `select_related` and
    `prefetch_related` within; so do `values()` and `values_list(named=True)`. `values_list()` gives lists, `flat=True`
    the values. `chunk_size` rows are held in memory at a time; the connection is given back with the last row.

    PostgreSQL keeps the rest in a server-side cursor. Where the setting DISABLE_SERVER_SIDE_CURSORS is on, that is one
    within a transaction as long as the stream, for which poolers of transactions keep its connection; what is written
    by it meanwhile is committed at its end.

    `keyset=True` asks for each batch by a query of its own, in the order of the primary key. While a batch is sent, no
    connection is held, nor a snapshot of the database, nor SQLite's lock; a row that changes meanwhile shows it.

    Raises `TypeError` for what is no queryset, and `ValueError` for one that cannot be read by primary key.
    """
    if isinstance(queryset, Manager):
        queryset = queryset.all()
    given: Any = queryset
    if not isinstance(given, QuerySet | RawQuerySet):
        raise TypeError(
            f"from_queryset(): expected a QuerySet such as Order.objects.all(), got {_shown(given)}"
        )
    if isinstance(given, RawQuerySet) and prefetched(given):
        raise TypeError(
            "from_queryset(): raw() with prefetch_related() is not read in batches; expected one without"
        )
    size: Any = chunk_size
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError(f"from_queryset(chunk_size={chunk_size!r}): expected a number of rows, from 1")
    return Rows(queryset, chunk_size, by_key=keyset)


def rows_of(given: Any) -> Any:
    """The rows of a queryset; whatever else was given as it is."""
    is_one = isinstance(given, QuerySet | RawQuerySet | Manager)
    return from_queryset(cast("Any", given)) if is_one else given


def _shown(thing: object) -> str:
    name: str = getattr(thing, "__name__", type(thing).__name__)
    if isinstance(thing, type) and issubclass(thing, Model):
        return f"the model {name}: its rows are {name}.objects.all()"
    return f"one {name}" if isinstance(thing, Model) else repr(name)


class Rows:
    """What `from_queryset` returns. Each iteration is a query of its own."""

    __slots__ = ("_batches", "_chunk_size", "_queryset")

    def __init__(
        self, queryset: QuerySet[Any, Any] | RawQuerySet[Any], chunk_size: int, *, by_key: bool
    ) -> None:
        if by_key:
            check_keyset(queryset)
        if isinstance(queryset, RawQuerySet):
            self._batches: Callable[[Any, int], Batches] = raw_batches
        else:
            queryset = queryset.all()
            self._batches = keyset_batches if by_key else batches_of
        self._queryset = queryset
        self._chunk_size = chunk_size

    def __repr__(self) -> str:
        return f"<rows of {meta_of(self._queryset.model).label}, {self._chunk_size} at a time>"

    def batches(self) -> Batches:
        """The rows in lists; closing it closes the cursor, in the thread that it was begun in."""
        return self._batches(self._queryset, self._chunk_size)

    def __iter__(self) -> Iterator[Any]:
        with closing(self.batches()) as batches:
            for batch in batches:
                yield from batch

    async def __aiter__(self) -> AsyncIterator[Any]:
        # Not `aiterator`, which leaves its cursor open where the reader leaves, in a thread that it shares.
        thread = _SharedThread() if await sync_to_async(in_transaction)() else _OwnThread()
        batches = self.batches()
        try:
            while (batch := await thread.call(next, batches, None)) is not None:
                for item in batch:
                    yield item
        finally:
            try:
                with CancelScope(shield=True):
                    await thread.call(batches.close)
            finally:
                thread.leave()


class _OwnThread:
    """Where the batches are fetched: one thread, to which the connection belongs."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "tailrace-rows")
        self._context = contextvars.copy_context()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return wrap_future(self._executor.submit(self._context.run, function, *arguments))

    def leave(self) -> None:
        self._executor.submit(close_connections)
        self._executor.shutdown(wait=False)


class _SharedThread:
    """The one of Django's sync code, in a test's transaction: no other sees what is in it."""

    @staticmethod
    def call(function: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return sync_to_async(function)(*arguments)

    @staticmethod
    def leave() -> None:
        """Its connections are the test's."""
