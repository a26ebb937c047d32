"""Handing messages to the server: without a task switch where it takes them at once."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from tailrace._drive import Pump


class Sender:
    """Sends a stream's messages; a send that the server holds back for too long ends the stream."""

    def __init__(self, send: Callable[[Any], Awaitable[None]], pump: Pump, timeout: float | None) -> None:
        self._send = send
        self._pump = pump
        self._timeout = timeout

    async def send(self, message: dict[str, Any]) -> bool:
        """Whether the message went out to a client that is still there."""
        if self._pump.abandoned:
            return False
        # A send nearly always finishes without suspending; only one that does needs a timer.
        step = self._send(message).__await__()
        try:
            held_by = next(step)
        except StopIteration:
            return True
        except OSError:
            self._pump.interrupt("disconnected")
            return False
        return await self._held(_Rest(held_by, step))

    async def _held(self, rest: _Rest) -> bool:
        since = monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                await rest
        except TimeoutError:
            self._pump.interrupt("send_timeout")
            return False
        except OSError:
            self._pump.interrupt("disconnected")
            return False
        finally:
            self._pump.stalled += monotonic() - since
        return True


class _Rest:
    """What is left of an awaitable that was stepped once and yielded `first`."""

    def __init__(self, first: Any, step: Generator[Any, Any, None]) -> None:
        self._first = first
        self._step = step

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            yield self._first
        except BaseException as error:  # noqa: BLE001 - a cancellation belongs to the send that waits
            try:
                held_by = self._step.throw(error)
            except StopIteration:
                return
            yield from _Rest(held_by, self._step).__await__()
        else:
            yield from self._step
