"""The one pump: a source is encoded frame by frame, and whoever delivers it takes runs of bytes out."""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic, sleep  # uvloop's own clock stands still until the loop turns
from typing import TYPE_CHECKING, Final

from tailrace._finish import SENT_AWAY, discarded, finished, remark, report, send_away, undisturbed, where
from tailrace._model import Outcome, Problem, Reason
from tailrace._problem import log, problem_of
from tailrace._sink import Sink
from tailrace._source import pull
from tailrace._watched import Watched

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable

    from tailrace._compress import Compressor
    from tailrace._finish import OnFinish
    from tailrace._model import Delivery
    from tailrace._source import Content
    from tailrace.formats import Encoder

    Ready = Callable[[asyncio.Task[None] | None], None]
    """Is given the task that runs at that moment, if one does."""

_GROWING: Final = 0.001
"""Seconds that a run of bytes may go on growing, turn by turn of the loop, before it goes out."""

_HOLDING: Final = 0.005
"""Seconds that a source may go on and on before it lets go of the GIL."""


class Pump(Sink):
    """One stream under way.

    `begin` starts the source, `on_ready` and `take` get what it wrote, `aclose` stops it; all in the loop
    that serves the request. The source runs in one plain task, outside every anyio scope, whose level
    cancellation would cancel each `await` of the source's `finally` again. It is interrupted by
    exactly one `Task.cancel()`.
    """

    def __init__(
        self,
        content: Content,
        encoder: Encoder,
        delivery: Delivery,
        on_finish: OnFinish | None = None,
        context: contextvars.Context | None = None,
        compressor: Compressor | None = None,
    ) -> None:
        super().__init__(encoder)
        self.delivered = 0
        self.stalled = 0.0
        self.reason: Reason | None = None
        self.error: BaseException | None = None
        self.exhausted = False
        """Whether everything was taken, the format's end or failure included."""
        self.sound = False
        """Whether the body ended as its format says that a good one ends."""
        self._content = content
        self._delivery = delivery
        self._on_finish = on_finish
        self._context = context
        self._compressor = compressor
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._ready: Ready | None = None
        self._turning = False
        self._seen = -1
        self._grown_since = 0.0
        self._room: asyncio.Future[None] | None = None
        self._opening = encoder.opening
        self._cancelled = False
        self._let_go = 0.0
        self._ran = False
        self._begun = False
        self._finished = False
        self._timer: asyncio.TimerHandle | None = None
        self._started = self._last = monotonic()
        self.abandoned = False
        """Whether nobody is there to read the rest."""

    # The source's side: what `Sink` asks for.

    def paused(self, held_by: object) -> None:
        """The source waits, and there is something to take."""
        # What waits for a future goes out now: with many streams, a turn of the loop takes long. What only
        # yields to others (None) has not paused, and what comes in quick succession is collected.
        if held_by is not None and not self._turning and monotonic() - self._last >= _GROWING:
            ready, self._ready = self._ready, None
            if ready is not None:
                ready(self._task)
        else:
            self._announce()

    async def room(self) -> None:
        """Wait until the frames were taken."""
        if self._cancelled:
            raise asyncio.CancelledError
        if monotonic() - self._let_go >= _HOLDING:
            # A loop that never idles gives up the GIL only under protest, and granian's threads need it
            # to hand over another request.
            sleep(0)  # noqa: ASYNC251 - of no time: it lets go, and returns at once
            self._let_go = monotonic()
        self._room = self._loop.create_future()
        await self._room

    # The taker's side.

    async def begin(self) -> BaseException | None:
        """Start the source; the error that it raised before its first item, if it did so in time.

        Returns after the first item, the end, an interruption, or `commit_after` seconds.
        """
        self._task = self._loop.create_task(self._run(), context=self._context)
        self._task.add_done_callback(self._source_ended)
        self._arm()
        if self._delivery.commit_after or self.encoder.whole:
            arrival: asyncio.Future[None] = self._loop.create_future()
            self.on_ready(lambda _: _resolve(arrival))
            # What is one frame says how long it is: its headers wait for it.
            longest = None if self.encoder.whole else self._delivery.commit_after
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(longest):
                    await arrival
            self._ready = None
        self._begun = True
        return self.error if self.reason == "failed" and not self._given() else None

    def on_ready(self, ready: Ready) -> None:
        """Call `ready` once when there is something to take, never from inside this call."""
        self._ready = ready
        if self.frames or self.joined or self.reason is not None:
            self._announce()

    def take(self) -> bytes:
        """What there is: nothing, or some whole items; behind the last, the format's end or failure."""
        run = self.taken()
        if self._opening:
            run, self._opening = self._opening + run, b""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        if self.reason is not None and not self.exhausted:
            run += self._close()
        if self._compressor is not None and (
            run or self.sound
        ):  # what failed has no end: to whoever decompresses it, it is cut
            run = self._compressor.compress(run, end=self.sound)
        self._last = monotonic()
        self.delivered += len(run)
        return run

    def interrupt(self, reason: Reason, error: BaseException | None = None) -> None:
        """Stop the source, for the first `reason` that is given."""
        if self.reason is None or (self.reason == "complete" and not self.exhausted):
            self.reason, self.error = reason, error
        self.abandoned = self.abandoned or reason == "disconnected"
        self.high = 0
        if self._task is not None and not self._task.done() and not self._cancelled:
            self._cancelled = True
            self._task.cancel()
        self._announce()

    def give_up(self) -> None:
        """Nobody has read for so long that what was sent last is lost, be it the end itself."""
        if self.reason == "complete":
            self.reason = "send_timeout"
        self.abandoned = True

    async def aclose(self) -> None:
        """Stop the source and wait for its cleanup, up to the deadline; then `on_finish`, once."""
        if self._timer is not None:
            self._timer.cancel()
        if self._finished:
            return
        self._finished = True
        self.interrupt("cancelled" if self._task is not None else "not_started")
        try:
            if not (self._ran and self._task is not None and self._task.done()):
                await undisturbed(self._cleaned_up())
        finally:
            outcome = self._outcome()
            if self.reason in SENT_AWAY:
                remark(outcome, self._content, SENT_AWAY[self.reason])
            if self._on_finish is not None:
                await report(self._on_finish, outcome, self._delivery.cleanup_timeout, self._content)
            self.error = self._task = None  # a traceback holds the source's frames, and they this

    def _announce(self) -> None:
        """Tell who takes, once the loop has turned and no more comes."""
        if self._ready is not None and not self._turning:
            self._turning = True
            self._seen, self._grown_since = -1, 0.0
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Let the loop turn while more comes: a source that only yields to others has not paused."""
        size = len(self.frames) + len(self.joined)
        full = self._room is not None and not self._room.done()
        if size > self._seen and self.reason is None and not full:
            now = monotonic() if self._seen >= 0 else 0.0
            self._grown_since = self._grown_since or now
            if now - self._grown_since <= _GROWING:
                self._seen = size
                self._loop.call_soon(self._turn)
                return
        self._turning = False
        ready, self._ready = self._ready, None
        if ready is not None:
            ready(None)

    def _close(self) -> bytes:
        self.exhausted = True
        last_words = b""
        if self.reason == "complete":
            self.sound, last_words = True, self.encoder.end(self.items)
        elif self.reason == "failed":
            last_words = self.encoder.fail(self.problem())
        elif self.reason is not None and self.reason in SENT_AWAY:
            self.sound, last_words = send_away(self.encoder, self.reason)
        return last_words

    def problem(self) -> Problem:
        """What the reader may know of the error."""
        return problem_of(self.error, f"{where(self._content)}, after {self.items} items,")

    def _source_ended(self, task: asyncio.Task[None]) -> None:
        error: BaseException | None = None
        try:
            error = task.exception()
        except asyncio.CancelledError as cancelled:
            if not self._cancelled:
                # Not as it is: whoever serves the request would take it for a cancellation of its own.
                error = RuntimeError("the source was cancelled, or awaited something that was, on its own")
                error.__cause__ = cancelled
        if self.reason is None:
            self.reason = "complete" if error is None else "failed"
            self.error = error
        elif error is not None:
            log.error("%s raised while it was closed (%s)", where(self._content), self.reason, exc_info=error)
        self._announce()

    async def _run(self) -> None:
        self._ran = True
        await Watched(pull(self._content, self), self)

    async def _cleaned_up(self) -> None:
        timeout, content = self._delivery.cleanup_timeout, self._content
        if self._task is not None:
            await finished(self._task, timeout, "%s was still closing", content)
        if not self._ran:
            await finished(discarded(content), timeout, "%s was still closing", content)

    def _given(self) -> int:
        return self.items + len(self.frames)

    def _outcome(self) -> Outcome:
        return Outcome(
            reason=self.reason or "cancelled",
            items=self._given(),
            bytes=self.delivered,
            first_item=None if self.first_item is None else self.first_item - self._started,
            stalled=self.stalled,
            duration=monotonic() - self._started,
            error=self.error,
            failed_parts=self.failed_parts,
        )

    # Time: one timer for the whole stream, set anew when it fires and not at every send.

    def _arm(self) -> None:
        keep_alive, longest = self._delivery.keep_alive, self._delivery.max_duration
        times: list[float] = []
        if keep_alive is not None and self.encoder.keep_alive:
            times.append(self._last + keep_alive)
        if longest is not None:
            times.append(self._started + longest)
        if times and self.reason is None:
            self._timer = self._loop.call_later(min(times) - monotonic(), self._tick)

    def _tick(self) -> None:
        now = monotonic()
        longest, keep_alive = self._delivery.max_duration, self._delivery.keep_alive
        if longest is not None and now >= self._started + longest:
            self.interrupt("max_duration")
        elif keep_alive is not None and now >= self._last + keep_alive:
            if self._begun and self._ready is not None and not self.frames:
                self.joined += self.encoder.keep_alive
                self._announce()
            self._last = now
        self._arm()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
