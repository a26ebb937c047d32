"""What a framework has done in the threads of its streams."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from tailrace._problem import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Hook = ContextVar[Callable[[], None] | None]

entering: Final[Hook] = ContextVar("tailrace_entering", default=None)
"""Called where a stream's context goes on in another thread: what is bound to a thread is bound anew."""

leaving: Final[Hook] = ContextVar("tailrace_leaving", default=None)
"""Called at the end of a thread that ran a source, and after each deferred call: it closes what is the thread's own."""


calling: Final[ContextVar[Callable[[Callable[[], Any]], Awaitable[Any]] | None]] = ContextVar(
    "tailrace_calling", default=None
)
"""Makes a deferred call where a thread of its own is not to make it."""


def enter() -> None:
    """Do what is to be done before this thread runs what was made in another."""
    call = entering.get()
    if call is not None:
        call()


def leave() -> None:
    """Do what is to be done before this thread ends, or does something else."""
    call = leaving.get()
    if call is not None:
        try:
            call()
        except Exception:  # noqa: BLE001 - whatever it is, it is logged: the stream itself has not failed
            log.exception("what a thread was to close could not be closed")
