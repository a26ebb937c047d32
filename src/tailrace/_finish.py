"""Bringing a stream to its end: what may go wrong there is logged, and goes no further."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from tailrace._model import Outcome
from tailrace._problem import log

OnFinish = Callable[[Outcome], Awaitable[None] | None]


async def finished(task: asyncio.Task[None], timeout: float) -> None:  # noqa: ASYNC109 - what comes later is left
    """Wait until a source that was interrupted has cleaned up, for at most `timeout` seconds."""
    await asyncio.wait([task], timeout=timeout)
    if not task.done():
        log.warning("a source was still closing after %g s (cleanup_timeout); it is left to itself", timeout)


async def discarded(content: Any) -> None:
    """Close an iterable that was not read."""
    try:
        if hasattr(content, "aclose"):
            await content.aclose()
        elif hasattr(content, "close"):
            content.close()
    except Exception:  # noqa: BLE001 - whatever it is, it is logged
        log.exception("a source that was not started raised while it was closed")


async def report(on_finish: OnFinish, outcome: Outcome) -> None:
    """Call the user's `on_finish`, which may be a coroutine function."""
    try:
        result = on_finish(outcome)
        if inspect.isawaitable(result):
            await result
    except Exception:  # noqa: BLE001 - whatever it is, it is logged
        log.exception("on_finish raised")
