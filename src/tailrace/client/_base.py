"""What both shells show: a connection as its user sees it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tailrace._items import converter_of
from tailrace._reading.steps import Element, growing
from tailrace._resume import Resume, State
from tailrace.client._body import Whole
from tailrace.client._choose import Asked
from tailrace.client._clock import Clock
from tailrace.client._inflate import Inflater
from tailrace.client._request import Ask, check_cursor, may_pass, shown, silence, was_sent
from tailrace.client._session import Follower, Instant, Session
from tailrace.client._wire import Wire
from tailrace.errors import DecodeError, Truncated

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    import httpx2

    from tailrace._model import Limits, Problem
    from tailrace._reading.progress import Change
    from tailrace.client._body import Kind
    from tailrace.client._news import OnNews
    from tailrace.formats import DocumentReader, Format

T = TypeVar("T")


class BaseConnection(Generic[T]):
    """A stream that is read, as far as no waiting is needed."""

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
        self._ask = Ask(url, options)
        asked = Asked(item_type, format, limits, last_event_id)
        self._session = Session(asked, _policy(resume), on_news, renewable=self._ask.renewable)
        self.clock = Clock()
        """Where its time comes from; `tailrace.testing` has one that jumps."""
        self._wire = Wire()
        self._response: httpx2.Response | None = None
        self._inflater: Inflater | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._handed = last_event_id
        self._entered = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._ask.method} {self._ask.url}: {self._session.state.value}>"

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
        return self._handed

    # A document.

    @property
    def value(self) -> Any:
        """A picture of the document as far as it has come; raises `LookupError` before anything has."""
        return self._reader.value

    @property
    def problems(self) -> dict[str, Problem]:
        """The problems of the parts that failed, by their JSON Pointers (RFC 6901)."""
        return self._reader.problems

    @property
    def open(self) -> list[str]:
        """The JSON Pointers of the parts that have not come, or may still grow."""
        return self._reader.open

    @property
    def complete(self) -> bool:
        """Whether all has come that will, and said so."""
        return self._session.finished

    @property
    def _reader(self) -> DocumentReader:
        body = self._session.body
        if isinstance(body, Whole):
            return body.reader
        if body is None:
            raise LookupError(
                "nothing has come yet: enter the connection (`with`), or iterate over its changes"
            )
        raise TypeError("this is a stream of items: iterate over it, or connect(…, type=Document)")

    # For the shells: what they give one by one, and MORE wherever something has to come before.

    def _items(self) -> Generator[Any]:
        session, ready = self._session, self._session.ready
        yield from self._beginning()
        if session.kind == "document":
            yield from self._elements()
            return
        while True:
            while ready:
                item, cursor = ready.popleft()
                self._note(cursor)
                yield item
            if session.finished or not session.over:  # else some are not handed out
                self._note(session.last_event_id)
            if session.over:
                break
            yield MORE
        self._check()

    def _note(self, cursor: str | None) -> None:
        if cursor is not None:  # there are events; an empty id takes the last one back (WHATWG HTML 9.2.6)
            self._handed = cursor or None

    def _elements(self) -> Generator[Any]:
        """Of a document that is a list, typed as items are."""
        asked = self._session.asked
        make = asked.make or converter_of(Any if asked.whole else asked.type)
        count = 0
        try:
            for step in growing(self._reader.document):
                if isinstance(step, Element):
                    yield _made(make, step.value, count)
                    count += 1
                else:
                    yield MORE
        except Truncated:
            self._check()  # which says more than that something is missing
            raise

    def _changes(self) -> Generator[Any]:
        session, follower = self._session, Follower()
        yield from self._beginning()
        self._check_begun()
        # At once: more may come while the first change is looked at.
        session.followers.append(follower)
        try:
            so_far = self._so_far()
            if so_far is not None:
                yield so_far
            while True:
                while follower.changes:
                    yield follower.changes.popleft()
                if session.over:
                    break
                yield MORE
        finally:
            session.followers.remove(follower)
        self._check()

    def _snapshots(self) -> Generator[Any]:
        seen = 0
        yield from self._beginning()
        self._check_begun()
        while True:
            count = self._session.count
            if count > seen:
                seen, so_far = count, self._so_far()
                if so_far is not None:
                    yield so_far.value
            if self._session.over:
                break
            yield MORE
        self._check()

    def _so_far(self) -> Change | None:
        """All that has come of the document; None where nothing has, as when it is one part that is still missing."""
        if self._session.body is None:  # closed before
            return None
        try:
            return self._reader.so_far() if self._reader.begun else None
        except LookupError:
            return None

    def _beginning(self) -> Generator[Any]:
        """Until it is known what it is, and of a document what its first record says."""
        session = self._session
        while not session.over and (
            session.kind is None or (session.kind == "document" and not self._reader.begun)
        ):
            yield MORE

    def _check_begun(self) -> None:
        """The same where nothing has come: else that comes first."""
        if not self._session.count:
            self._check()

    def _check(self) -> None:
        """Raise why it is over, if not all was there."""
        if self._session.error is not None:
            raise self._session.error

    @property
    def _at(self) -> Instant:
        return Instant(self.clock.monotonic(), self.clock.wall(), random.random())  # noqa: S311 - to spread readers

    def _missed(self, error: httpx2.HTTPError, request: httpx2.Request) -> None:
        """There is no response; raises what another attempt would not change."""
        if not may_pass(error):
            raise error
        self._session.miss(error, self._at, shown(error, request), sent=was_sent(error))

    def _lost(self, error: httpx2.HTTPError) -> None:
        """The body has stopped in the middle."""
        assert self._response is not None  # noqa: S101 - whose body it is
        self._session.lose(error, self._at, shown(error, self._response.request))

    def _received(self, response: httpx2.Response, at: Instant) -> bool:
        """Take note of a response without an error; whether there is a body to be read."""
        self._response = response
        self._wire.opened(response.extensions)
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


MORE: Final = object()


def _made(make: Any, value: Any, record: int) -> Any:
    """An element as what is asked for; the error says which it is."""
    try:
        return make(value)
    except DecodeError as error:
        raise DecodeError(error.reason, record=record, path=error.path) from None


def _policy(resume: Any) -> Resume | None:
    if isinstance(resume, bool):
        return Resume() if resume else None
    if not isinstance(resume, Resume):
        raise TypeError(f"resume={resume!r}: expected True, False or Resume(…)")
    return resume
