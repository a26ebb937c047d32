"""Database connections: when a stream gives back those of the request, and a thread its own.

Django's connections belong to a thread. A request's are given back at its end, which for a stream may be hours away.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connections

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from django.db.backends.base.base import BaseDatabaseWrapper


def close_connections() -> None:
    """Close all that this thread has opened, whatever one of them raises: the thread is about to end."""
    with contextlib.ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            stack.callback(connection.close)


def in_transaction() -> bool:
    """Whether a connection of this thread is within an `atomic` block."""
    return any(connection.in_atomic_block for connection in connections.all(initialized_only=True))


def release(*, persistent: bool) -> None:
    """Give back the connections of this thread that its request does not need any more.

    At the start of a stream, `persistent=False`: those that Django would close at the end of the request, which go back
    to their pool where there is one. Once the stream turns out to be a long one, `persistent=True`: also those that
    were left open then, unless a query has used them since. Never one within a transaction, or one whose server-side
    cursor is open: a view may have begun to read what it streams. SQLite's are left alone, for nobody waits for them.
    """
    for connection in connections.all(initialized_only=True):
        if connection.connection is None or connection.in_atomic_block or not connection.autocommit:
            continue
        if persistent:
            if _Unused.take_from(connection):
                connection.close()
        elif connection.vendor == "sqlite" or _has_open_cursor(connection):
            continue
        elif connection.settings_dict["CONN_MAX_AGE"] == 0:
            connection.close()
        else:
            _Unused.put_on(connection)


@contextlib.contextmanager
def borrowed(alias: str) -> Generator[BaseDatabaseWrapper, None, None]:
    """A connection that is given back at the end if it was not open before, and not within a transaction."""
    connection = connections[alias]
    was_open = connection.connection is not None
    try:
        yield connection
    finally:
        if not was_open and not connection.in_atomic_block:
            connection.close()


def _has_open_cursor(connection: BaseDatabaseWrapper) -> bool:
    # The number of server-side cursors that there have been; most connections never had one, and are not asked.
    if connection.vendor != "postgresql" or not getattr(connection, "_named_cursor_idx", 1):
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_cursors LIMIT 1")
            return cursor.fetchone() is not None
    except DatabaseError:
        return True  # it is broken, and Django's to get rid of


class _Unused:
    """An execute wrapper that says by being there that its connection was not used since: a query takes it away."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._wrappers = connection.execute_wrappers

    @classmethod
    def put_on(cls, connection: BaseDatabaseWrapper) -> None:
        if not any(isinstance(wrapper, cls) for wrapper in connection.execute_wrappers):
            # Not behind one that somebody has on it right now: its block takes off the last when it ends.
            connection.execute_wrappers.insert(0, cls(connection))

    @classmethod
    def take_from(cls, connection: BaseDatabaseWrapper) -> bool:
        """Whether it was still there."""
        kept = [wrapper for wrapper in connection.execute_wrappers if not isinstance(wrapper, cls)]
        was_there = len(kept) < len(connection.execute_wrappers)
        connection.execute_wrappers[:] = kept
        return was_there

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self._wrappers.remove(self)
        return execute(*arguments)
