"""What Django's sync code is run by, as a stream finds it that outlives its view."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from asgiref.sync import (
    AsyncToSync,
    SyncToAsync,
    _restore_context,  # pyright: ignore[reportPrivateUsage] - nothing public does it
)

if TYPE_CHECKING:
    from collections.abc import Callable


def settle() -> None:
    """Make this context one that goes on behind its view, for what is made in it."""
    waiting: Any = getattr(AsyncToSync.executors, "current", None)
    AsyncToSync.executors.current = None if waiting is None else _Waiting(waiting)
    # That Django's one thread is busy, which a sync view is told, is over once the view has returned.
    SyncToAsync.deadlock_context.set(False)


def at_home() -> None:
    """Let this thread see the language, the time zone and whatever else Django keeps for the thread that set it."""
    _restore_context(contextvars.copy_context())


def has_thread() -> bool:
    """Whether the request that is being answered has a thread for sync code."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    return context is not None and context in SyncToAsync.context_to_thread_executor


class _Waiting(Executor):
    """The thread of a request while it waits for the view, in a sync middleware, and runs what has to run in it.

    Once it waits no more it is as free as that of any other request, and this one counts as none.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor: Executor | None = executor

    def __bool__(self) -> bool:
        return self._executor is not None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have it run there; in the request's thread itself where nothing waits in that any more."""
        if self._executor is not None:
            try:
                return self._executor.submit(fn, *args, **kwargs)
            except RuntimeError:  # it has gone on
                self._executor = None
        return _free().submit(fn, *args, **kwargs)


def _free() -> Executor:
    """Where asgiref runs sync code if nothing waits: of the request, of the loop, or the one for all."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is not None:
        threads = SyncToAsync.context_to_thread_executor
        if context not in threads:
            threads[context] = ThreadPoolExecutor(max_workers=1)
        return threads[context]
    loop = asyncio.get_running_loop()
    return AsyncToSync.loop_thread_executors.get(loop) or SyncToAsync.single_thread_executor
