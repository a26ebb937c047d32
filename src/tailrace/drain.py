"""Going away in order: what the open streams of a server do while it shuts down."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from anyio.lowlevel import RunVar

from tailrace._problem import log
from tailrace._servers import is_daphne

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
    from types import FrameType

    from tailrace._model import Reason
    from tailrace.formats import Encoder

    Scope = MutableMapping[str, Any]
    ASGIApp = Callable[[Scope, Any, Any], Awaitable[None]]
    Handler = Callable[[int, FrameType | None], Any]

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
        given: Any = grace
        if isinstance(given, bool) or not isinstance(given, int | float) or not given >= 0:
            raise ValueError(f"grace={grace!r}: expected seconds, from 0")
        self.grace = grace
        self.started = False
        self.told = False
        """Whether a signal has come: who signals twice does not want to wait."""
        self._streams: set[_Stream] = set()
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

    def join(self, stream: _Stream) -> None:
        """A stream was opened."""
        self._streams.add(stream)
        if self.started:
            self._send_away(stream)

    def part(self, stream: _Stream) -> None:
        """A stream has ended, and its source is closed."""
        self._streams.discard(stream)
        self._look()

    def _look(self) -> None:
        if self.started and not (self._streams and self._waiting):
            ended, self._ended = self._ended, []
            for call in ended:
                call()

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
    drain = Drain(grace)
    token = _current.set(drain)
    chained = _chain(drain)
    try:
        yield drain
    finally:
        _current.reset(token)
        for number, (ours, theirs) in chained.items():
            if signal.getsignal(number) is ours:
                signal.signal(number, theirs)


def drain(app: ASGIApp, grace: float = 10.0) -> ASGIApp:
    """The same for a server or a framework that answers no lifespan, such as daphne and Django: wraps `app`.

    Signals are chained at the first request. daphne, which closes its connections at once, is told when the
    streams have ended.
    """
    Drain(grace)

    async def drained(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and current_drain() is None:
            drain = Drain(grace)
            _current.set(drain)
            _chain(drain, hold=is_daphne(scope))
        await app(scope, receive, send)

    return drained


def _chain(drain: Drain, *, hold: bool = False) -> dict[int, tuple[Handler, Any]]:
    chained: dict[int, tuple[Handler, Any]] = {}
    if threading.current_thread() is not threading.main_thread():
        return chained
    for number in _SIGNALS:
        theirs = signal.getsignal(number)
        if theirs is signal.SIG_DFL:  # hypercorn's workers: the system ends the process at once
            ours = _handler(drain, _by_default, hold=True)
        elif callable(theirs):  # not ignored
            ours = _handler(drain, theirs, hold=hold)
        else:
            continue
        signal.signal(number, ours)
        chained[number] = ours, theirs
    return chained


def _handler(drain: Drain, theirs: Handler, *, hold: bool) -> Handler:
    """Start the drain at the first signal; `theirs` is called at once, or held until the streams have ended."""
    loop, process = asyncio.get_running_loop(), os.getpid()

    def ours(number: int, frame: FrameType | None) -> None:
        # A child by fork has the handler, and not the loop.
        first = not (drain.told or loop.is_closed() or os.getpid() != process)
        if first:
            drain.told = True
            loop.call_soon_threadsafe(drain.start, last_call(number) if hold else None)
        if not (first and hold):
            theirs(number, frame)

    def last_call(number: int) -> Callable[[], object]:
        return lambda: loop.call_later(_LAST_BYTES, theirs, number, None)

    return ours


def _by_default(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
