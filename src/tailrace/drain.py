"""Going away in order: what the open streams of a server do while it shuts down."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import signal
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from anyio.lowlevel import RunVar

from tailrace._model import are_seconds
from tailrace._problem import log
from tailrace._servers import cancels_at_the_end, is_daphne

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
    from types import FrameType

    from tailrace._model import Reason
    from tailrace.formats import Encoder

    Scope = MutableMapping[str, Any]
    ASGIApp = Callable[[Scope, Any, Any], Awaitable[None]]
    Loop = Callable[[], asyncio.AbstractEventLoop | None]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_LAST_BYTES: Final = 0.5
"""Seconds for what the server still has to write, before a held signal ends it."""


class _Stream(Protocol):
    @property
    def encoder(self) -> Encoder: ...

    def interrupt(self, reason: Reason, /) -> None: ...


class Drain:
    """Ends the streams of an event loop when their server goes away.

    Events stop at once, without an end, behind a `retry:` of half a second to five, so that their readers come
    back one by one, and elsewhere. The other formats have `grace` seconds to finish; then they fail.
    """

    def __init__(self, grace: float = 10.0) -> None:
        if not are_seconds(grace, 0):
            raise ValueError(f"grace={grace!r}: expected seconds, from 0")
        self.grace = grace
        self.started = False
        self.told = False
        """Whether a signal has come: who signals twice does not want to wait."""
        self._streams: dict[_Stream, object] = {}
        """Those that are open, each with the request that it answers, where that is known."""
        self._given_up: dict[_Stream, Callable[[], object]] = {}
        self._ended: list[Callable[[], object]] = []
        self._patient = True
        self._waiting = True

    def start(self, ended: Callable[[], object] | None = None) -> None:
        """Begin, once; from within the event loop. Servers that recycle a worker send no signal.

        `ended` is called when no stream is left, or a second after the grace.
        """
        loop = asyncio.get_running_loop()
        if ended is not None:
            self._ended.append(ended)
        if not self.started:
            self.started = True
            log.info("the server goes away: it has %d open streams", len(self._streams))
            for stream in list(self._streams):
                self._send_away(stream)
            loop.call_later(self.grace, self._end_all)
            loop.call_later(self.grace + 1, self._wait_no_more)
        self._look()

    def give_up(self, request: object, ended: Callable[[], object]) -> bool:
        """End the streams of one request, of which the server has had enough; whether there are any.

        `ended` is called when they have.
        """
        mine = {stream for stream, of in self._streams.items() if of is request}
        for stream in mine:
            self._given_up[stream] = ended
            stream.interrupt("drained")
        return bool(mine)

    def join(self, stream: _Stream) -> None:
        """A stream was opened."""
        self._streams[stream] = _serving.get()
        if self.started:
            self._send_away(stream)

    def part(self, stream: _Stream) -> None:
        """A stream has ended, and its source is closed."""
        self._streams.pop(stream, None)
        ended = self._given_up.pop(stream, None)
        if ended is not None:
            ended()
        self._look()

    def _look(self) -> None:
        if self.started and not (self._streams and self._waiting):
            ended, self._ended = self._ended, []
            for call in ended:
                try:
                    call()
                except Exception:  # noqa: BLE001 - whatever it is, it is logged, and the others are called
                    log.exception("what was to be called when no stream is left raised")

    def _send_away(self, stream: _Stream) -> None:
        if not self._patient or stream.encoder.leave() is not None:
            stream.interrupt("drained")

    def _end_all(self) -> None:
        self._patient = False
        for stream in list(self._streams):
            self._send_away(stream)

    def _wait_no_more(self) -> None:
        self._waiting = False
        self._look()


_serving: Final[contextvars.ContextVar[object]] = contextvars.ContextVar("tailrace_serving", default=None)
_current: RunVar[Drain] = RunVar("tailrace_drain")


def current_drain() -> Drain | None:
    """The one of the running event loop, where there is one."""
    return _current.get(None)


@contextlib.asynccontextmanager
async def drain_on_signals(grace: float = 10.0) -> AsyncGenerator[Drain, None]:
    """End the open streams when the server is told to stop: for an application's lifespan.

    Chains the server's own handlers of SIGTERM and SIGINT, which are called as before; where there is none, the
    process ends by the signal once the streams have, and at the second signal at once. `grace` is in seconds,
    and should be less than what the server itself waits. Within another of the same event loop, it is that one.
    In a thread that is not the main one signals cannot be had; then only `Drain.start` ends the streams.
    """
    outer = current_drain()
    if outer is not None:  # such as that of a router's lifespan within the application's
        yield outer
        return
    drain, loop = Drain(grace), asyncio.get_running_loop()
    token = _current.set(drain)
    chained = chain(drain, lambda: loop)
    try:
        yield drain
    finally:
        _current.reset(token)
        for handler in chained:
            handler.give_back()


def drain(app: ASGIApp, grace: float = 10.0) -> ASGIApp:
    """The same for a server or a framework that answers no lifespan, such as daphne and Django: wraps `app`.

    Signals are chained at the first request. daphne, which closes its connections at once, is told when the
    streams have ended.
    """
    Drain(grace)

    async def drained(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and current_drain() is None:
            drain, loop = Drain(grace), asyncio.get_running_loop()
            _current.set(drain)
            chain(drain, lambda: loop, hold=is_daphne(scope))
        if scope["type"] == "http" and cancels_at_the_end():
            await _uncancelled(app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return drained


async def _uncancelled(app: ASGIApp, scope: Scope, receive: Any, send: Any) -> None:
    """Serve a request in a task of its own: a server that cancels it goes away, and its streams have last words."""
    request = object()
    context = contextvars.copy_context()
    context.run(_serving.set, request)
    task = context.run(asyncio.ensure_future, app(scope, receive, send))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        drain, ended = current_drain(), asyncio.Event()
        if drain is not None and drain.give_up(request, ended.set):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _LAST_BYTES)
        task.cancel()
        await asyncio.wait([task])
        raise


def set_current(drain: Drain) -> None:
    """Make it the one of the running event loop."""
    _current.set(drain)


def chain(drain: Drain, loop: Loop, *, hold: bool = False) -> list[_Handler]:
    """Start `drain` at a signal, in the loop that `loop` gives then; nothing outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return []
    chained: list[_Handler] = []
    for number in _SIGNALS:
        before: Any = signal.getsignal(number)
        while isinstance(before, _Handler) and before.stale:
            before = before.before
        # One without a handler, as in hypercorn's workers, would be ended by the system at once.
        if before is signal.SIG_DFL or callable(before):  # not ignored
            handler = _Handler(drain, number, before, loop, hold=hold or before is signal.SIG_DFL)
            signal.signal(number, handler)
            chained.append(handler)
    return chained


class _Handler:
    """Starts the drain at the first signal; the handler before is called at once, or when the streams have ended."""

    def __init__(self, drain: Drain, number: int, before: Any, loop: Loop, *, hold: bool) -> None:
        self.before = before
        self._drain = drain
        self._number = number
        self._hold = hold
        self._loop = loop
        self._process = os.getpid()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def stale(self) -> bool:
        """Whether the loop is not to be had: it was closed, or this is a child by fork."""
        loop = self._loop()
        return loop is None or loop.is_closed() or os.getpid() != self._process

    def __call__(self, _: int, frame: FrameType | None) -> None:
        held = False
        loop = self._loop()
        if loop is not None and not (self._drain.told or self.stale):
            self._drain.told, held = True, self._hold
            loop.call_soon_threadsafe(self._drain.start, self._wait if held else None)
        if not held:
            self._deliver(frame)

    def _wait(self) -> None:
        if self._hold:
            self._timer = asyncio.get_running_loop().call_later(_LAST_BYTES, self._deliver)

    def _deliver(self, frame: FrameType | None = None) -> None:
        self._let_go()
        if threading.current_thread() is not threading.main_thread():
            os.kill(os.getpid(), self._number)  # handlers are the main thread's
        elif callable(self.before):
            self.before(self._number, frame)
        else:
            signal.signal(self._number, self.before)
            signal.raise_signal(self._number)

    def _let_go(self) -> None:
        self._hold = False
        if self._timer is not None:
            self._timer.cancel()

    def give_back(self) -> None:
        """The application ends by itself, in its own order: what is held has come true."""
        self._let_go()
        current: Any = signal.getsignal(self._number)
        if current is self:
            signal.signal(self._number, self.before)
