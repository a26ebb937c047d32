"""Making a call that was deferred: in a thread, unless it is a coroutine function's."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Final

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from tailrace._model import Problem
from tailrace._problem import log
from tailrace.errors import Abort

if TYPE_CHECKING:
    from tailrace._holes import Later

_MOST_THREADS: Final = 100
"""At a time, for one event loop: beside anyio's own 40, which a framework's sync handlers share."""
_threads: RunVar[CapacityLimiter] = RunVar("tailrace_calls")


async def call(later: Later[Any]) -> Any:
    """The result, or the fallback of a call that failed."""
    deadline = asyncio.timeout(later.timeout)
    try:
        async with deadline:
            return await _result(later)
    except Exception as error:
        if later.can_fall_back:
            log.warning("%s failed: its fallback is taken", _name(later.function), exc_info=error)
            return later.fallback
        if deadline.expired():
            raise Abort(Problem(title="Gateway Timeout", status=504)) from error
        raise


async def _result(later: Later[Any]) -> Any:
    function, args = later.function, later.args
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    result = await to_thread.run_sync(
        function, *args, abandon_on_cancel=True, limiter=_threads_of_this_loop()
    )
    return await result if inspect.isawaitable(result) else result


def _threads_of_this_loop() -> CapacityLimiter:
    try:
        return _threads.get()
    except LookupError:
        limiter = CapacityLimiter(_MOST_THREADS)
        _threads.set(limiter)
        return limiter


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
