"""Going away in order: what the open streams of a server do while it shuts down."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from anyio.lowlevel import RunVar

from tailrace._problem import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
    from types import FrameType

    from tailrace._model import Reason
    from tailrace.formats import Encoder

    Scope = MutableMapping[str, Any]
    ASGIApp = Callable[[Scope, Any, Any], Awaitable[None]]
    Handler = Callable[[int, FrameType | None], Any]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


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
        self._streams: set[_Stream] = set()
        self._ended: Callable[[], object] | None = None

    def start(self, ended: Callable[[], object] | None = None) -> None:
        """Begin, once; from within the event loop. Servers that recycle a worker send no signal.

        `ended` is called when no stream is left, or a second after the grace.
        """
        if self.started:
            return
        self.started, self._ended = True, ended
        log.info("the server goes away: it has %d open streams", len(self._streams))
        for stream in list(self._streams):
            self._send_away(stream)
        loop = asyncio.get_running_loop()
        loop.call_later(self.grace, self._end_all)
        loop.call_later(self.grace + 1, self._over)
        if not self._streams:
            self._over()

    def join(self, stream: _Stream) -> None:
        """A stream was opened."""
        self._streams.add(stream)
        if self.started:
            self._send_away(stream)

    def part(self, stream: _Stream) -> None:
        """A stream has ended."""
        self._streams.discard(stream)
        if self.started and not self._streams:
            self._over()

    def _over(self) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()

    def _send_away(self, stream: _Stream) -> None:
        if stream.encoder.leave() is not None:
            stream.interrupt("drained")

    def _end_all(self) -> None:
        for stream in list(self._streams):
            stream.interrupt("drained")


_current: RunVar[Drain] = RunVar("tailrace_drain")


def current_drain() -> Drain | None:
    """The one of the running event loop, where there is one."""
    return _current.get(None)


@contextlib.asynccontextmanager
async def drain_on_signals(grace: float = 10.0) -> AsyncGenerator[Drain, None]:
    """End the open streams when the server is told to stop: for an application's lifespan.

    Chains the server's own handlers of SIGTERM and SIGINT, which are called as before; where there is none, the
    process ends by the signal once the streams have. `grace` is in seconds, and should be less than what the
    server itself waits. In a thread that is not the main one signals
    cannot be had; then only `Drain.start` ends the streams.
    """
    drain = Drain(grace)
    _current.set(drain)
    chained = _chain(drain)
    try:
        yield drain
    finally:
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
            _current.set(Drain(grace))
            _chain(_current.get(), hold="daphne.server" in sys.modules)
        await app(scope, receive, send)

    return drained


def _chain(drain: Drain, *, hold: bool = False) -> dict[int, tuple[Any, Any]]:
    chained: dict[int, tuple[Any, Any]] = {}
    if threading.current_thread() is not threading.main_thread():
        return chained
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        theirs = signal.getsignal(number)
        if theirs is signal.SIG_DFL:  # hypercorn's workers: the system ends the process at once
            ours = _holding(drain, loop, _by_default)
        elif callable(theirs):  # not ignored
            ours = _holding(drain, loop, theirs) if hold else _beside(drain, loop, theirs)
        else:
            continue
        signal.signal(number, ours)
        chained[number] = ours, theirs
    return chained


def _by_default(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _beside(drain: Drain, loop: asyncio.AbstractEventLoop, theirs: Handler) -> Handler:
    def ours(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(drain.start)
        theirs(number, frame)

    return ours


def _holding(drain: Drain, loop: asyncio.AbstractEventLoop, theirs: Handler) -> Handler:
    def ours(number: int, frame: FrameType | None) -> None:
        if drain.started:  # whoever signals twice does not want to wait
            theirs(number, frame)
        else:
            loop.call_soon_threadsafe(drain.start, lambda: theirs(number, frame))

    return ours
