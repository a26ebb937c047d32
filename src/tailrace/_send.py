"""Handing a stream to an ASGI server: without a task switch where the server takes a message at once."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import operator
import sys
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from tailrace._finish import undisturbed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from tailrace._drive import Pump

Message = dict[str, Any]


_LAST_WORDS: Final = 0.5
"""Seconds for the last message of a stream whose task was cancelled."""


class Outlet:
    """Sends what a pump gives, in the task that serves the request.

    A `send` nearly always finishes without suspending, so it is stepped once by hand, from the callback
    that says that there is something to send; only one that does suspend wakes the task, which then
    waits for it, and for no longer than `timeout`.
    """

    __slots__ = (
        "_context",
        "_end_failed",
        "_held",
        "_loop",
        "_news",
        "_pump",
        "_send",
        "_task",
        "_timeout",
    )

    def __init__(
        self,
        pump: Pump,
        send: Callable[[Message], Awaitable[None]],
        *,
        timeout: float | None,
        end_failed: bool,
    ) -> None:
        self._pump = pump
        self._send = send
        self._timeout = timeout
        self._end_failed = end_failed
        self._loop = asyncio.get_running_loop()
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        # On Python 3.11 a task does not tell its context: there, what `send` sets stays within `send`.
        get_context = getattr(self._task, "get_context", contextvars.copy_context)
        self._context: contextvars.Context = get_context()
        self._news: asyncio.Future[None] = self._loop.create_future()
        self._held: _Rest | None = None

    async def run(self, start: Message) -> None:
        """Send everything from the start of the response to its end, or until nobody reads any more."""
        pump = self._pump
        await self._deliver(start)
        del start  # a response may be open for days, and there may be many
        # The first body message goes out even if it is empty: granian and daphne hold the headers till then.
        if not pump.abandoned:
            await self._deliver(self._body())
        while not (pump.exhausted or pump.abandoned):
            self._news = self._loop.create_future()
            pump.on_ready(self._flush)
            try:
                await self._news
            except asyncio.CancelledError as cancelled:
                if self._held is None:
                    await undisturbed(self._last_words())
                    raise
                self._held.thrown = cancelled  # it is for the send that waits
            if self._held is not None:
                held, self._held = self._held, None
                await self._wait_for(held)

    async def _last_words(self) -> None:
        """The server stops: say so, if the client takes it at once."""
        if self._pump.exhausted:  # the last words are on their way
            return
        self._pump.interrupt("cancelled")
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._send(self._body())

    async def _deliver(self, message: Message) -> None:
        sending = _Rest(self._send(message).__await__(), self._context)
        try:
            waits = sending.begin()
        except OSError:
            self._pump.interrupt("disconnected")
        else:
            if waits:
                await self._wait_for(sending)

    def _body(self) -> Message:
        body = self._pump.take()
        # A failed body is left without its last message: then the server aborts the transfer.
        whole = self._pump.exhausted and (self._pump.sound or self._end_failed)
        return {"type": "http.response.body", "body": body, "more_body": not whole}

    def _flush(self, running: asyncio.Task[Any] | None) -> None:
        if self._news.done():
            return
        if self._pump.abandoned:
            self._news.set_result(None)
            return
        # What the user's middleware does inside `send`, such as a timeout, must find itself in its task.
        loop, task = self._loop, self._task
        if running is not None:
            asyncio._leave_task(loop, running)  # noqa: SLF001 - documented for those who step coroutines
        asyncio._enter_task(loop, task)  # noqa: SLF001 - the same
        try:
            self._context.run(self._step)
        except OSError:
            self._pump.interrupt("disconnected")
            self._wake()
        except asyncio.CancelledError:
            self._news.cancel()
        except BaseException as error:  # noqa: BLE001 - it is raised in the task, and not in the source's
            self._wake(error)
        finally:
            asyncio._leave_task(loop, task)  # noqa: SLF001 - the same
            if running is not None:
                asyncio._enter_task(loop, running)  # noqa: SLF001 - the same

    def _step(self) -> None:
        step = self._send(self._body()).__await__()
        try:
            held_by = next(step)
        except StopIteration:
            if self._pump.exhausted:
                self._wake()
            else:
                self._pump.on_ready(self._flush)
        else:
            self._held = _Rest(step, self._context, held_by)
            self._wake()

    def _wake(self, error: BaseException | None = None) -> None:
        if self._news.done():  # `send` may cancel its own task
            return
        if error is None:
            self._news.set_result(None)
        else:
            self._news.set_exception(error)

    async def _wait_for(self, sending: Awaitable[None]) -> None:
        """Wait for a send: after `timeout` its source is closed, after twice that it is given up.

        In the time between, a client that reads again still learns that its stream has failed.
        """
        pump, since, timeout = self._pump, monotonic(), self._timeout
        patience = None if timeout is None else self._loop.call_later(timeout, self._lose_patience)
        deadline = asyncio.timeout(None if timeout is None else 2 * timeout)
        try:
            async with deadline:
                await sending
        except OSError:
            if deadline.expired():
                pump.give_up()
            else:
                pump.interrupt("disconnected")
        finally:
            if patience is not None:
                patience.cancel()
            pump.stalled += monotonic() - since

    def _lose_patience(self) -> None:
        if self._pump.reason is None:
            self._pump.interrupt("send_timeout")


class _Rest:
    """What is left of an awaitable after `held_by`, which it yielded; all of it until it has begun.

    Its steps are taken in one context, by whomever.
    """

    def __init__(
        self, step: Generator[Any, Any, None], context: contextvars.Context, held_by: Any = None
    ) -> None:
        self.thrown: BaseException | None = None
        self._held_by = held_by
        self._step = step
        # A task's own context, which Python 3.12 tells, is entered already, and cannot be entered twice.
        self._run: Callable[..., Any] = operator.call if sys.version_info >= (3, 12) else context.run

    def begin(self) -> bool:
        """Take the first step; whether there are more."""
        try:
            self._held_by = self._run(next, self._step)
        except StopIteration:
            return False
        return True

    def __await__(self) -> Generator[Any, Any, None]:
        run, step, held_by = self._run, self._step, self._held_by
        try:
            while True:
                if self.thrown is None or _cancelled(held_by, self.thrown):
                    self.thrown = None
                    try:
                        yield held_by
                    except BaseException as error:  # noqa: BLE001 - a cancellation belongs to the send that waits
                        self.thrown = error
                thrown, self.thrown = self.thrown, None
                held_by = run(next, step) if thrown is None else run(_throw, step, thrown)
        except StopIteration:
            return


def _cancelled(held_by: Any, cancellation: BaseException) -> bool:
    """Whether it can be cancelled and was: then it raises by itself, as after `Task.cancel`."""
    return hasattr(held_by, "cancel") and held_by.cancel(*cancellation.args)


def _throw(step: Generator[Any, Any, None], error: BaseException) -> Any:
    # An awaitable may be a plain iterator, which takes no exceptions.
    if not hasattr(step, "throw"):
        raise error
    return step.throw(error)
