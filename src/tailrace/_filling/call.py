"""Making a call that was deferred: in a thread, unless it is a coroutine function's."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from tailrace._model import Problem
from tailrace._problem import log
from tailrace._threads import calling, enter, leave
from tailrace.errors import Abort

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace._holes import Later

_MOST_THREADS: Final = 100
"""At a time, for one event loop, those that nobody waits for any more included."""
_threads: RunVar[CapacityLimiter] = RunVar("tailrace_calls")


async def call(later: Later[Any]) -> Any:
    """The result, or the fallback of a call that failed."""
    deadline = asyncio.timeout(later.timeout)
    try:
        async with deadline:
            return await _result(later)
    except Exception as error:
        late = deadline.expired()
        why = f"{_name(later.function)} {f'took longer than {later.timeout:g} s' if late else 'failed'}"
        if later.can_fall_back:
            log.warning("%s: its fallback is taken", why, exc_info=None if late else error)
            return later.fallback
        if late:
            log.warning("%s", why)
            raise Abort(Problem(title="Gateway Timeout", status=504)) from error
        raise


async def _result(later: Later[Any]) -> Any:
    function, args = later.function, later.args
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    elsewhere = calling.get()
    made = _in_a_thread(function, args) if elsewhere is None else elsewhere(partial(function, *args))
    result = await made
    return await result if inspect.isawaitable(result) else result


async def _in_a_thread(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call it, in one of so many threads; one that nobody waits for any more counts until it returns."""
    loop, threads, place = asyncio.get_running_loop(), _threads_of_this_loop(), object()
    started = abandoned = released = False

    def release() -> None:
        nonlocal released
        if not released:
            released = True
            threads.release_on_behalf_of(place)

    def run() -> Any:
        nonlocal started
        started = True
        enter()
        try:
            result = function(*args)
            if abandoned and inspect.iscoroutine(result):
                result.close()
            return result
        finally:
            leave()
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(release)

    await threads.acquire_on_behalf_of(place)
    try:
        # anyio gives a place back when the wait ends: that one is not ours.
        return await to_thread.run_sync(run, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    finally:
        abandoned = True
        if not started:
            release()


def _threads_of_this_loop() -> CapacityLimiter:
    try:
        return _threads.get()
    except LookupError:
        limiter = CapacityLimiter(_MOST_THREADS)
        _threads.set(limiter)
        return limiter


def _name(function: Any) -> str:
    while isinstance(function, partial):
        function = cast("Any", function).func
    return getattr(function, "__qualname__", None) or type(function).__qualname__
