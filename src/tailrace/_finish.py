"""Bringing a stream to its end: what may go wrong there is logged, and goes no further."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Final

import anyio

from tailrace._holes import Document, GrowingText
from tailrace._model import Outcome, Problem, Reason
from tailrace._problem import log
from tailrace._tree import missing

if TYPE_CHECKING:
    from tailrace.formats import Encoder

OnFinish = Callable[[Outcome], Awaitable[None] | None]

_GOING_AWAY: Final = Problem(title="Service Unavailable", status=503, detail="the server is shutting down")
SENT_AWAY: Final[dict[Reason | None, Problem]] = {
    "max_duration": Problem(
        title="Service Unavailable", status=503, detail="the stream reached its longest duration"
    ),
    "send_timeout": Problem(
        title="Service Unavailable", status=503, detail="the client held the stream back for too long"
    ),
    "drained": _GOING_AWAY,
    "cancelled": _GOING_AWAY,
}
"""What a reader is told whose stream tailrace itself ends."""


_COME_BACK: Final = (500, 5000)
"""Milliseconds over which the readers of a server that goes away spread."""


def send_away(encoder: Encoder, reason: Reason) -> tuple[bool, bytes]:
    """Whether the body ends well so, and the last bytes of it."""
    spread = SENT_AWAY[reason] is _GOING_AWAY
    after = random.randint(*_COME_BACK) if spread else None  # noqa: S311 - to spread, no secret
    farewell = encoder.leave(after)
    return (False, encoder.fail(SENT_AWAY[reason])) if farewell is None else (True, farewell)


async def undisturbed(ending: Coroutine[Any, Any, None]) -> None:
    """Wait until `ending` has ended, however often the task that waits is cancelled; then it is."""
    task = asyncio.ensure_future(ending)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(
        shield=True
    ):  # whose level cancellation would come again in every turn of the loop
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


async def finished(
    ending: asyncio.Task[None] | Coroutine[Any, Any, None],
    timeout: float,  # noqa: ASYNC109 - what comes later is left
    late: str,
    content: Any,
) -> None:
    """Wait for at most `timeout` seconds; what takes longer is left to itself, and the log has `late`."""
    task = asyncio.ensure_future(ending)
    await asyncio.wait([task], timeout=timeout)
    if not task.done():
        kept(task)
        log.warning(late + " after %g s (cleanup_timeout); it is left to itself", where(content), timeout)


_kept: Final[set[asyncio.Task[None]]] = set()


def kept(task: asyncio.Task[None]) -> None:
    """Keep a task that nobody waits for until it is done: the event loop alone does not."""
    _kept.add(task)
    task.add_done_callback(_kept.discard)


async def discarded(*contents: Any) -> None:
    """Close what was not read, and what it would have given."""
    waiting = list(contents)
    seen = {id(one): one for one in contents}  # kept: what is gone has its id given away
    while waiting:
        content = waiting.pop()
        try:
            for part in await _closed(content):
                if id(part) not in seen:
                    seen[id(part)] = part
                    waiting.append(part)
        except Exception:  # noqa: BLE001 - whatever it is, it is logged
            log.exception("%s was not started, and raised while it was closed", where(content))


def closed_at_once(content: Any) -> bool:
    """Close a coroutine that was never awaited; whether it is one, or one that was."""
    if not inspect.iscoroutine(content):
        return False
    if inspect.getcoroutinestate(content) == inspect.CORO_CREATED:
        content.close()
    return True


async def _closed(content: Any) -> Iterable[Any]:
    """Close one thing; what it would have given."""
    if closed_at_once(content):
        return ()
    if isinstance(content, Document):
        return missing(content.content)
    if isinstance(content, GrowingText):
        return (content.pieces,)
    if asyncio.isfuture(content):
        content.cancel()
        if not content.done():
            await asyncio.wait([content])
        if not content.cancelled() and content.exception() is None:
            return missing(content.result())
    elif hasattr(content, "__anext__") and hasattr(content, "aclose"):
        await content.aclose()
    elif hasattr(content, "__next__") and hasattr(content, "close"):
        content.close()
    return ()


async def report(on_finish: OnFinish, outcome: Outcome, timeout: float, content: Any) -> None:  # noqa: ASYNC109 - as above
    """Call the user's `on_finish`, which may be a coroutine function."""
    try:
        result = on_finish(outcome)
        if inspect.isawaitable(result):
            await undisturbed(finished(_reported(result), timeout, "on_finish of %s had not ended", content))
    except Exception:  # noqa: BLE001 - whatever it is, it is logged
        log.exception("on_finish raised")


async def _reported(result: Awaitable[None]) -> None:
    try:
        await result
    except Exception:  # noqa: BLE001 - whatever it is, it is logged
        log.exception("on_finish raised")


def remark(outcome: Outcome, content: Any, problem: Problem) -> None:
    """Log an end that was no accident: whoever is on call finds nothing else that says why."""
    log.log(
        logging.INFO if problem is _GOING_AWAY else logging.WARNING,
        "%s was ended: %s (%s; %d items, %d bytes, %.3g s, held back for %.3g s)",
        where(content),
        problem.detail,
        outcome.reason,
        outcome.items,
        outcome.bytes,
        outcome.duration,
        outcome.stalled,
    )


def where(content: Any) -> str:
    """A source's name, and where it stands or was written."""
    name = getattr(content, "__qualname__", None) or type(content).__qualname__
    frame = getattr(content, "ag_frame", None) or getattr(content, "gi_frame", None)
    code = getattr(content, "ag_code", None) or getattr(content, "gi_code", None)
    if frame is not None:
        return f"the source {name} ({frame.f_code.co_filename}:{frame.f_lineno})"
    return f"the source {name}" + (f" ({code.co_filename}:{code.co_firstlineno})" if code else "")
