"""A stream under way for a server that asks for one run of bytes at a time."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from tailrace._sink import HIGH
from tailrace._streamed import content_length
from tailrace._threads import enter
from tailrace.drain import current_drain

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable

    from tailrace._headers import RawHeaders
    from tailrace._streamed import Plan, Streamed, Whole


_LONGEST: Final = 2 * HIGH
"""Bytes of a run: to hand one over, to another thread or through a framework, costs more than to send it."""


class Surroundings:
    """What a framework adds to a stream."""

    def is_frameworks(self, error: BaseException) -> bool:
        """Whether `error`, raised before the first item, is for the framework to answer."""
        del error
        return False

    def abort(self) -> None:
        """Let go of a server whose client has not read for too long; called in the loop."""


class Taken:
    """The stream, in its loop: `begin` it, take the `first` run, then `ask` for each further one; `aclose` it.

    A server that does not ask again within `send_timeout` has the source closed; after twice that the rest is
    given up.
    """

    def __init__(
        self,
        streamed: Streamed[Any],
        plan: Plan,
        surroundings: Surroundings,
        context: contextvars.Context | None = None,
    ) -> None:
        self._streamed = streamed
        self._plan = plan
        self._surroundings = surroundings
        self._loop = asyncio.get_running_loop()
        context = context or streamed.context()
        context.run(enter)
        self._pump = streamed.pump(plan, context)
        self._pump.longest = _LONGEST
        self._drain = current_drain()
        self._timeout = streamed.delivery.send_timeout
        self._ready: Callable[[bytes], None] | None = None
        self._handed: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._begun = False
        self.length: RawHeaders = []
        """Content-Length, where the whole body is there."""

    @property
    def exhausted(self) -> bool:
        """Whether there is no further run."""
        return self._pump.exhausted

    @property
    def sound(self) -> bool:
        """Whether the body has ended as a good one does."""
        return self._pump.sound

    @property
    def error(self) -> BaseException | None:
        """What the source has raised, until this is closed."""
        return self._pump.error

    async def begin(self) -> Whole | None:
        """Start the source: what is answered in place of the stream, None where it goes out.

        Raises what the source raised before its first item, if the framework is to answer that.
        """
        if self._plan.instead is not None:
            return self._plan.instead
        if self._drain is not None:
            self._drain.join(self._pump)
        self._begun = True
        instead = await self._streamed.begin(self._pump, self._plan, self._surroundings.is_frameworks)
        self.length = content_length(self._pump, self._plan) if instead is None else []
        return instead

    def first(self) -> bytes:
        """What there is already: the headers go out with it, be it nothing."""
        return self._hand_over()

    def ask(self, ready: Callable[[bytes], None]) -> None:
        """Call `ready` with the next run; the server is done with the one before."""
        self._returned()
        self._ready = ready
        self._pump.on_ready(self._give)

    async def aclose(self) -> None:
        """Stop the source and wait for its cleanup, up to the deadline."""
        self._returned()
        self._ready = None
        if self._timer is not None:
            self._timer.cancel()
        if self._begun and not self._pump.exhausted:
            self._pump.interrupt("disconnected")
        try:
            await self._pump.aclose()
        finally:
            if self._drain is not None:
                self._drain.part(self._pump)

    def _returned(self) -> None:
        if self._handed is not None:
            self._pump.stalled += monotonic() - self._handed
            self._handed = None

    def _give(self, _: object) -> None:
        ready, self._ready = self._ready, None
        if ready is not None:
            ready(self._hand_over())

    def _hand_over(self) -> bytes:
        run = self._pump.take()
        self._handed = monotonic()
        if self._timeout is not None and self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._look)
        return run

    def _look(self) -> None:
        """One timer for the whole stream, set anew when it fires and not for every run."""
        self._timer = None
        if self._handed is None or self._timeout is None:
            return
        held, patience = monotonic() - self._handed, self._timeout
        if held >= 2 * patience:
            self._pump.give_up()
            self._surroundings.abort()
            return
        if held >= patience:
            patience *= 2
            if self._pump.reason is None:
                self._pump.interrupt("send_timeout")
        self._timer = self._loop.call_later(max(patience - held, 0.0), self._look)
