"""What both shells show: a connection as its user sees it."""

from __future__ import annotations

import inspect
import logging
import random
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

import httpx2

from tailrace._resume import Resume, State
from tailrace.client._choose import Asked
from tailrace.client._clock import Clock
from tailrace.client._inflate import Inflater
from tailrace.client._news import Gap
from tailrace.client._request import Ask, check_cursor, silence
from tailrace.client._session import Instant, Session
from tailrace.client._steps import Steps
from tailrace.client._trouble import may_pass, shown, was_sent
from tailrace.client._wire import Wire
from tailrace.errors import ConnectionLost, DecodeError, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tailrace._model import Limits, Problem
    from tailrace.client._body import Kind
    from tailrace.client._news import OnNews
    from tailrace.formats import Format

T = TypeVar("T")
log: Final = logging.getLogger("tailrace")


class BaseConnection(Generic[T]):
    """A stream that is read, as far as no waiting is needed."""

    _client_type: ClassVar[type[httpx2.Client | httpx2.AsyncClient]]

    def __init__(
        self,
        url: str,
        item_type: Any,
        options: Mapping[str, Any],
        *,
        format: Format | None,  # noqa: A002 - the word for it
        resume: Resume | bool,
        limits: Limits,
        last_event_id: str | None,
        on_news: OnNews | None,
    ) -> None:
        check_cursor(last_event_id)
        self._ask = Ask(url, options, client_type=self._client_type)
        asked = Asked(item_type, format, limits, last_event_id)
        self._session = Session(asked, _policy(resume), renewable=self._ask.renewable)
        self._tell = _listener(on_news)
        self.clock = Clock()
        """Where its time comes from; `tailrace.testing` has one that jumps."""
        self._wire = Wire()
        self._response: httpx2.Response | None = None
        self._inflater: Inflater | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._steps = Steps(self._session, last_event_id)
        self.entered = False
        """Whether it is closed by leaving a `with`, not behind a loop."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._ask.method} {self._ask.shown}: {self._session.state.value}>"

    @property
    def kind(self) -> Kind | None:
        """What it is: "items" or "document"; None as long as that is not known."""
        return self._session.kind

    @property
    def response(self) -> httpx2.Response | None:
        """The response that is read, or was read last."""
        return self._response

    @property
    def last_event_id(self) -> str | None:
        """The id of the event that was handed out last: what to store once its work is done, and to go on behind."""
        session = self._session
        return session.last_event_id if session.kind == "document" else self._steps.handed

    # A document.

    @property
    def value(self) -> Any:
        """A picture of the document as far as it has come; raises `LookupError` before anything has."""
        return self._steps.reader.value

    @property
    def problems(self) -> dict[str, Problem]:
        """The problems of the parts that failed, by their JSON Pointers (RFC 6901)."""
        return self._steps.reader.problems

    @property
    def open(self) -> list[str]:
        """The JSON Pointers of the parts that have not come, or may still grow."""
        return self._steps.reader.open

    @property
    def complete(self) -> bool:
        """Whether all was there, as far as the format, or else the transfer, can say."""
        return self._session.finished

    @property
    def _at(self) -> Instant:
        return Instant(self.clock.monotonic(), self.clock.wall(), random.random())  # noqa: S311 - to spread readers

    def _announce(self) -> None:
        """Tell what has happened, outside of all that others may wait for."""
        news = self._session.news
        while news:
            one = news.popleft()
            if self._tell is None:
                if isinstance(one, Gap):
                    log.warning("events behind %r are missing: they are not kept any more", one.requested)
                continue
            try:
                self._tell(one)
            except Exception:
                log.exception("on_news failed")

    def _missed(self, error: httpx2.HTTPError, request: httpx2.Request) -> None:
        """There is no response; raises what is wrong with the request."""
        reason = f"{shown(error, request)} ({self._ask.shown})"
        if not may_pass(error):  # another attempt would not change it
            if not isinstance(error, httpx2.ConnectError):
                raise error
            lost = ConnectionLost(f"no answer: {reason}")
            lost.__cause__ = error
            self._session.close(self._at, lost)
            return
        self._session.miss(error, self._at, reason, sent=was_sent(error))

    def _lost(self, error: httpx2.HTTPError) -> None:
        """The body has stopped in the middle."""
        assert self._response is not None  # noqa: S101 - whose body it is
        self._session.lose(error, self._at, shown(error, self._response.request))

    def _received(self, response: httpx2.Response, at: Instant) -> bool:
        """Take note of a response without an error; whether there is a body to be read."""
        session = self._session
        session.accept(response.status_code, response.headers, str(response.url), at)
        if session.state is not State.OPEN:
            return False
        try:
            self._inflater = Inflater(response.headers.get("content-encoding", ""))
        except DecodeError as error:
            session.fail(error, at)
            return False
        silence(response.request, session.idle)
        return True

    def _take(self, raw: bytes | None) -> None:
        """A piece of the body as it was sent; None at its end."""
        assert self._inflater is not None  # noqa: S101 - there is a body
        if raw is not None:
            self._pieces = self._inflater.pieces(raw)
            return
        try:
            self._inflater.finish()
        except Truncated as error:
            self._session.end(self._at, error)
        else:
            self._session.end(self._at)

    def _inflate(self) -> bool:
        """Read a bounded piece of what has come; whether there was one."""
        try:
            piece = next(self._pieces, None)
        except DecodeError as error:
            self._session.fail(error, self._at)
            return True
        if piece is None:
            return False
        self._session.feed(piece, self._at)
        return True


def _listener(on_news: Any) -> OnNews | None:
    if on_news is not None and (not callable(on_news) or inspect.iscoroutinefunction(on_news)):
        raise TypeError(f"on_news={on_news!r}: expected a function that is not async")
    return cast("OnNews | None", on_news)


def _policy(resume: Any) -> Resume | None:
    if isinstance(resume, bool):
        return Resume() if resume else None
    if not isinstance(resume, Resume):
        raise TypeError(f"resume={resume!r}: expected True, False or Resume(…)")
    return resume
