"""What both shells do, without any I/O: a reader's whole life, its requests and what their answers mean to it."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from tailrace._resume import Reconnect, Resume, Signal, State
from tailrace.client._answer import UNTOUCHED, problem_of, retry_after, signal_of
from tailrace.client._body import Whole
from tailrace.client._choose import choose
from tailrace.client._news import Closed, Gap, Opened, Reconnecting
from tailrace.errors import ConnectionLost, DecodeError, StreamFailed, TailraceError, Truncated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailrace.client._body import Body, Got, Kind
    from tailrace.client._choose import Asked, Choice
    from tailrace.client._follower import Follower
    from tailrace.client._news import News

log: Final = logging.getLogger("tailrace")

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY", "TRACE"})
"""The methods whose requests may be sent again (RFC 9110 9.2.2)."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment: by a clock that only goes forward, by the wall's (seconds since 1970), and a chance from 0 to 1."""

    now: float
    wall: float
    chance: float


class Session:
    """One reader. The shell says what happened and when, and does what `state` says.

    `ready` are the items that came and were not handed out, each with the id of its event.
    """

    def __init__(self, asked: Asked, resume: Resume | None, *, renewable: bool) -> None:
        self.asked = asked
        self.policy = Resume() if resume is None else resume
        self.ready: deque[tuple[Any, str | None]] = deque()
        self.followers: list[Follower] = []
        """Who follow a document's changes."""
        self.error: BaseException | None = None
        """Why it is over, if not all was there."""
        self.finished = False
        """Whether all was there, as far as anybody can know."""
        self.body: Body | None = None
        self._choice: Choice | None = None
        self._resumes = resume is not None and resume.attempts != 0
        self._renewable = renewable
        self._told = False
        self._method = "GET"
        self._reconnect = Reconnect(self.policy)
        self.news: deque[News] = deque()
        """What has happened and was not told yet."""

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._reconnect.state

    @property
    def over(self) -> bool:
        """Whether no more will come."""
        return self._reconnect.state is State.CLOSED

    @property
    def until(self) -> float:
        """When to connect again."""
        return self._reconnect.until

    @property
    def kind(self) -> Kind | None:
        """What the body is; None as long as it is not known."""
        return None if self.body is None else self.body.kind

    @property
    def count(self) -> int:
        """The items, or changes, that came."""
        return 0 if self.body is None else self.body.count

    @property
    def last_event_id(self) -> str | None:
        """What the next request goes on behind."""
        return self.asked.last_event_id if self.body is None else self.body.last_event_id

    @property
    def idle(self) -> float | None:
        """How long the body may be silent."""
        return self.policy.idle if self.body is not None and self.body.keeps_alive else self.policy.quiet

    # What the shell tells.

    def connect(self, at: Instant, method: str) -> None:
        """A request goes out."""
        self._method = method.upper()
        self._reconnect.take(Signal.CONNECT, at.now)

    def accept(self, status: int, headers: Mapping[str, str], url: str, at: Instant) -> None:
        """There is a response without an error: a body to be read, or none."""
        if signal_of(status) is Signal.EMPTY:
            self._stop(Signal.EMPTY, at, None)
            return
        self._reconnect.take(Signal.ACCEPTED, at.now)
        try:
            self._begin(headers)
        except TailraceError as error:
            self._stop(Signal.FAILED, at, error)
            return
        self._say(Opened(url, status, headers.get("content-type", "")))

    def _begin(self, headers: Mapping[str, str]) -> None:
        before, self._choice = self.body, choose(self.asked, headers)
        chosen = self._choice(b"")
        if before is None:
            self.body = chosen
        elif not before.goes_on_in(chosen):
            got = headers.get("content-type", "a body without Content-Type")
            raise DecodeError(f"the server answers in another format than before: {got[:80]!r}")
        else:
            before.again()

    def refuse(self, status: int, headers: Mapping[str, str], body: bytes, at: Instant) -> None:
        """There is a response with an error, whose body begins with this."""
        signal, problem = signal_of(status), problem_of(status, body)
        if status == HTTPStatus.GONE and self.last_event_id:
            earliest = problem.extensions.get("earliest")
            self._say(Gap(self.last_event_id, earliest if isinstance(earliest, str) else None))
        if signal is Signal.DENIED:
            again = self._renewable
        else:
            again = self._may_repeat() or (self._resumes and status in UNTOUCHED)
        after = retry_after(headers, at.wall) if signal is Signal.BUSY else None
        self._reconnect.take(signal, at.now, again=again, chance=at.chance, after=after)
        self._follow(signal, StreamFailed(problem), f"{problem.title} ({status})")

    def miss(self, error: BaseException, at: Instant, reason: str, *, sent: bool) -> None:
        """There is no response. `sent`: whether the server may have the request."""
        again = self._may_repeat() or (self._resumes and not sent)
        self._reconnect.take(Signal.LOST, at.now, again=again, chance=at.chance)
        attempts = self._reconnect.fruitless
        many = f" after {attempts} attempts" if attempts > 1 else ""
        lost = ConnectionLost(f"no answer{many}: {reason}", attempts=attempts)
        lost.__cause__ = error
        self._follow(Signal.LOST, lost, reason)

    def feed(self, data: bytes, at: Instant) -> None:
        """A piece of the body."""
        if self.over:
            return  # closed meanwhile
        if self.body is None and self._choice is not None:
            self.body = self._choice(data)
        if self.body is not None:
            self._got(self.body.feed(data))
            self._settle(at)
            if self.body.error is not None and not self.over:  # a count that is wrong: more would not mend it
                self._stop(Signal.FAILED, at, self.body.error)

    def end(self, at: Instant, error: TailraceError | None = None) -> None:
        """The body has ended as HTTP has it; with `error`, not as its coding has it."""
        body, goes_on = self._ended(cut=error is not None)
        if self._settle(at):
            return
        if error is None and body.error is None and not body.certain and not goes_on:
            self._stop(Signal.FINISHED, at, None)  # there is nothing but the transfer to go by
            return
        cut = body.error or error or Truncated(f"the body ended without its end, after {body.count} records")
        self._reconnect.take(Signal.ENDED, at.now, again=goes_on, chance=at.chance)
        self._follow(Signal.ENDED, cut, "the body ended")

    def lose(self, error: BaseException, at: Instant, reason: str) -> None:
        """The connection broke, or was silent for too long, while the body was read."""
        body, goes_on = self._ended(cut=True)
        if self._settle(at):
            return
        advice = body.advice if self._may_repeat() and not goes_on else ""
        cut = body.error or Truncated(f"the connection was lost after {body.count} records: {reason}{advice}")
        cut.__cause__ = error
        self._reconnect.take(Signal.LOST, at.now, again=goes_on, chance=at.chance)
        self._follow(Signal.LOST, cut, reason)

    def fail(self, error: TailraceError, at: Instant) -> None:
        """The body cannot be read."""
        self._stop(Signal.FAILED, at, error)

    def close(self, at: Instant, error: BaseException | None = None) -> None:
        """The user has had enough, or his own code has failed: what was not handed out is dropped."""
        self.ready.clear()
        if not self.over:
            self._stop(Signal.CLOSE, at, error)

    # What comes of it.

    def _got(self, got: Got) -> None:
        if not got:
            return
        self._reconnect.brought()
        if self.kind == "items":
            self.ready.extend(got)
        for follower in self.followers:
            follower.take(change for change, _ in got)

    def _ended(self, *, cut: bool) -> tuple[Body, bool]:
        """The body, and whether another is to go on behind it; if not, it is told that it is over."""
        if self.body is None:
            assert self._choice is not None  # noqa: S101 - nothing ends before it was accepted
            self.body = self._choice(_A_SCALAR)  # nothing has come that could tell
        body = self.body
        assert body is not None  # noqa: S101 - whatever is no white space tells
        goes_on = self._may_repeat() and body.goes_on(cut=cut, repeat=self.policy.repeat)
        if not goes_on:
            self._got(body.finish())
        return body, goes_on

    def _settle(self, at: Instant) -> bool:
        """See what the body says of itself, and whether that is the end of it."""
        body = self.body
        assert body is not None  # noqa: S101 - it has just been fed
        if body.retry is not None:
            self._reconnect.retry(body.retry)
        gaps, body.news = body.news, ()
        for gap in gaps:
            self._say(gap)
        if body.complete:
            self._stop(Signal.FINISHED, at, None)
        elif body.error is not None and not isinstance(body.error, Truncated):
            self._stop(Signal.FAILED, at, body.error)
        return self.over

    def _may_repeat(self) -> bool:
        """Whether the request may be sent once more."""
        return self._resumes and (
            self._method in _IDEMPOTENT or self.policy.repeat or bool(self.last_event_id)
        )

    def _follow(self, signal: Signal, error: BaseException, reason: str) -> None:
        """Say what has become of it."""
        reconnect = self._reconnect
        if reconnect.state is State.WAITING:
            level = logging.INFO if signal is Signal.ENDED or self.body is not None else logging.WARNING
            log.log(level, "%s; trying again in %.1f s", reason, reconnect.delay)
            self._say(Reconnecting(reconnect.delay, reason, reconnect.failures))
        elif reconnect.state is State.CLOSED:
            self._over(signal, error)

    def _stop(self, signal: Signal, at: Instant, error: BaseException | None) -> None:
        self._reconnect.take(signal, at.now)
        self._over(signal, error)

    def _over(self, signal: Signal, error: BaseException | None) -> None:
        if self._told:
            return  # closed meanwhile: what becomes of the connection is no news
        self._told = True
        self.error = error
        self.finished = error is None and signal in {Signal.FINISHED, Signal.EMPTY}
        if isinstance(self.body, Whole) and not self.body.complete:
            if isinstance(error, Truncated) and not error.missing:
                error.missing = self.body.reader.open
            self.body.reader.fail(error or ConnectionLost("the connection was closed"))
        self._say(Closed(error))

    def _say(self, news: News) -> None:
        if not self._told or isinstance(news, Closed):  # closed meanwhile: nobody wants to know
            self.news.append(news)


_A_SCALAR: Final = b"0"
