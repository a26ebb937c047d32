"""When a reader connects again: states, signals and times, without a clock.

The table below is whole: each state has its answer to each signal. vectors/resume.json holds it, and what comes of it
in time, for every language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, Final, NoReturn, cast

from tailrace._model import are_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """How a reader comes back; all times in seconds.

    `delay`: the reconnection time, until the server names another with `retry:` (WHATWG HTML 9.2.3). That is waited for
    at least, and by chance up to twice as long, with each failure in a row twice as long again, up to `ceiling`.
    `healthy`: a connection that lasted for so long is none of a row of failures.
    `idle`: after so long without a byte a connection is taken for dead, where servers send keep-alives: with events and
    progressive documents, where comments count, and until there is a response. None: never.
    `quiet`: the same for all other formats, whose servers have nothing to send in a pause.
    `attempts`: so many connections in a row that brought nothing are too many; None: none are; 0: it never comes back.
    `longest`: a server that asks for more time than this, by Retry-After, has refused; `retry:` is cut to it.
    `repeat`: whether all may be asked for again where no event has had an id to go on behind: by a method that is not
    idempotent, such as POST (RFC 9110 9.2.2), and of a server of tailrace's, which ends its streams.

    Raises `ValueError` for what is no number of seconds.
    """

    delay: float = 1.0
    ceiling: float = 30.0
    healthy: float = 1.0
    idle: float | None = 60.0
    quiet: float | None = None
    attempts: int | None = 10
    longest: float = 300.0
    repeat: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for name in ("delay", "ceiling", "healthy", "longest"):
            if not are_seconds(getattr(self, name), 0.0):
                raise ValueError(f"Resume({name}={getattr(self, name)!r}): expected seconds, from 0")
        for name in ("idle", "quiet"):
            value: Any = getattr(self, name)
            if value is not None and not are_seconds(value, 0.001):
                raise ValueError(f"Resume({name}={value!r}): expected seconds, from 0.001, or None")
        if not isinstance(cast("Any", self.repeat), bool):
            raise TypeError(f"Resume(repeat={self.repeat!r}): expected True or False")
        attempts: Any = self.attempts
        if attempts is not None and (type(attempts) is not int or attempts < 0):
            raise ValueError(f"Resume(attempts={attempts!r}): expected a whole number from 0, or None")


class State(Enum):
    """Where a reader stands."""

    IDLE = "idle"
    CONNECTING = "connecting"
    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


class Signal(Enum):
    """What happens to it."""

    CONNECT = "connect"
    """It is about to send a request."""
    ACCEPTED = "accepted"
    """There is a body to be read."""
    EMPTY = "empty"
    """There is none, and will be none: 204, 205."""
    REFUSED = "refused"
    """A status that another attempt would not change."""
    DENIED = "denied"
    """401: the credentials may be old."""
    BUSY = "busy"
    """A status that may change: 408, 425, 429, 5xx."""
    LOST = "lost"
    """No answer, or the connection broke, or was silent for too long."""
    ENDED = "ended"
    """The body ended, and had not said that it was all."""
    FINISHED = "finished"
    """All was there."""
    FAILED = "failed"
    """The body says that the stream has failed, or cannot be read."""
    CLOSE = "close"
    """The user has had enough."""


class Reconnect:
    """One reader's state. `take` tells it what happened and when; times are of any clock that only goes forward.

    `until` is when the wait is over, `delay` how long it was to be, `failures` counts those in a row.
    """

    def __init__(self, policy: Resume) -> None:
        self.policy = policy
        self.state = State.IDLE
        self.delay = 0.0
        self.until = 0.0
        self.failures = 0
        self.fruitless = 0
        """Connections in a row that brought nothing."""
        self._base = policy.delay
        self._opened: float | None = None
        self._refreshed = False

    def take(
        self,
        signal: Signal,
        now: float,
        *,
        again: bool = True,
        chance: float = 0.0,
        after: float | None = None,
    ) -> State:
        """Note what happened, and return the state that comes of it.

        `again`: whether the request may be sent once more after this; `chance`, from 0 to 1, spreads readers
        over time; `after`: seconds that the server wants to be left alone for. Raises `RuntimeError` where that cannot
        happen in this state.
        """
        answer = _TABLE[self.state][signal]
        self.state = answer(self, _Moment(signal, now, again=again, chance=chance, after=after))
        return self.state

    def retry(self, seconds: float) -> None:
        """The server names its reconnection time."""
        self._base = max(_LEAST, min(seconds, self.policy.longest, _LONGEST))

    def brought(self) -> None:
        """Something new came: the connection was worth it."""
        self.fruitless = 0

    # What the table is made of.

    def connect(self, _: _Moment) -> State:
        """A request goes out."""
        self.fruitless += 1
        return State.CONNECTING

    def open(self, moment: _Moment) -> State:
        """A body comes."""
        self._opened = moment.now
        self._refreshed = False
        return State.OPEN

    def refresh(self, moment: _Moment) -> State:
        """With new credentials at once, but once only."""
        if self._refreshed or not moment.again:
            return State.CLOSED
        self._refreshed = True
        return State.IDLE

    def wait(self, moment: _Moment) -> State:
        """Later, if at all."""
        opened, self._opened = self._opened, None
        if opened is not None and moment.now - opened >= self.policy.healthy:
            self.failures = self.fruitless = 0
        most = self.policy.attempts
        too_late = moment.after is not None and moment.after > self.policy.longest
        if not moment.again or too_late or (most is not None and self.fruitless >= most):
            return State.CLOSED
        self.delay = self._pause(moment)
        self.until = moment.now + self.delay
        self.failures += 1
        return State.WAITING

    def _pause(self, moment: _Moment) -> float:
        """The reconnection time at least; at most twice as long, four times, eight times with each failure in a row."""
        least = max(self._base, moment.after or 0.0, _LEAST if self.failures else 0.0)
        most = min(self.policy.ceiling, least * 2.0 ** min(self.failures + 1, _MOST_DOUBLINGS))
        return least + moment.chance * (max(most, least * _SPREAD) - least)

    def stop(self, _: _Moment) -> State:
        """For good."""
        return State.CLOSED

    def stay(self, _: _Moment) -> State:
        """Nothing comes of it."""
        return self.state

    def refuse(self, moment: _Moment) -> NoReturn:
        """It cannot be."""
        raise RuntimeError(f"{moment.signal.value} cannot happen while {self.state.value}")


@dataclass(frozen=True, slots=True)
class _Moment:
    """A signal, and what an answer to it depends on."""

    signal: Signal
    now: float
    _: KW_ONLY
    again: bool
    chance: float
    after: float | None


_LEAST: Final = 0.1
"""Seconds until the second of a row, and that a server may ask for: with 0 it would be asked without a pause."""
_LONGEST: Final = 7 * 24 * 3600.0
"""Seconds that are waited for at most, whatever anybody says."""
_SPREAD: Final = 1.25
"""Over how much readers are spread at least, so that they do not all come back at once."""
_MOST_DOUBLINGS: Final = 30

Answer = Callable[[Reconnect, _Moment], State]

_connect, _open, _wait, _refresh = Reconnect.connect, Reconnect.open, Reconnect.wait, Reconnect.refresh
_stop, _stay, _refuse = Reconnect.stop, Reconnect.stay, Reconnect.refuse

# fmt: off
_TABLE: Final[dict[State, dict[Signal, Answer]]] = {
    state: {signal: answers[column] for signal, answers in {
        #                  IDLE      CONNECTING  OPEN      WAITING   CLOSED
        Signal.CONNECT:  (_connect, _refuse,    _refuse,  _connect, _stay),
        Signal.ACCEPTED: (_refuse,  _open,      _refuse,  _refuse,  _stay),
        Signal.EMPTY:    (_refuse,  _stop,      _refuse,  _refuse,  _stay),
        Signal.REFUSED:  (_refuse,  _stop,      _refuse,  _refuse,  _stay),
        Signal.DENIED:   (_refuse,  _refresh,   _refuse,  _refuse,  _stay),
        Signal.BUSY:     (_refuse,  _wait,      _refuse,  _refuse,  _stay),
        Signal.LOST:     (_refuse,  _wait,      _wait,    _refuse,  _stay),
        Signal.ENDED:    (_refuse,  _refuse,    _wait,    _refuse,  _stay),
        Signal.FINISHED: (_refuse,  _refuse,    _stop,    _refuse,  _stay),
        Signal.FAILED:   (_refuse,  _refuse,    _stop,    _refuse,  _stay),
        Signal.CLOSE:    (_stop,    _stop,      _stop,    _stop,    _stay),
    }.items()}
    for column, state in enumerate(State)
}
# fmt: on
