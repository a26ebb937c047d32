"""What a connection gives one by one: generators that say MORE wherever something has to come before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tailrace._items import recoder_of
from tailrace._reading.steps import Element, growing
from tailrace.client._body import Whole, made
from tailrace.client._follower import Follower
from tailrace.errors import ConnectionLost, Truncated

if TYPE_CHECKING:
    from collections.abc import Generator

    from tailrace._reading.progress import Change
    from tailrace.client._session import Session
    from tailrace.formats import DocumentReader

MORE: Final = object()


class Steps:
    """Of one session; `handed` is the id of the event that was handed out last."""

    def __init__(self, session: Session, handed: str | None) -> None:
        self.handed = handed
        self.left = False
        """Whether its user has left it: behind a `with`, or a loop without one."""
        self._session = session

    @property
    def reader(self) -> DocumentReader:
        """What reads the document; raises `TypeError` where it is none, `LookupError` where nothing has come."""
        body = self._session.body
        if isinstance(body, Whole):
            return body.reader
        if body is None:
            raise LookupError(
                "nothing has come yet: enter the connection (`with`), or iterate over its changes"
            )
        raise TypeError("this is a stream of items: iterate over it, or connect(…, type=Document)")

    def items(self) -> Generator[Any]:
        session, ready = self._session, self._session.ready
        self._check_open()
        yield from self.beginning()
        if session.kind == "document":
            yield from self._elements()
            return
        while True:
            while ready:
                try:
                    item, cursor = ready.popleft()
                except IndexError:  # closed meanwhile, by another thread
                    break
                self._note(cursor)
                yield item
            if session.finished or not session.over:  # else some are not handed out
                self._note(session.last_event_id)
            if session.over:
                break
            yield MORE
        self.check()

    def _note(self, cursor: str | None) -> None:
        if cursor is not None:  # there are events; an empty id takes the last one back (WHATWG HTML 9.2.6)
            self.handed = cursor or None

    def _elements(self) -> Generator[Any]:
        """Of a document that is a list, typed as items are."""
        asked = self._session.asked
        make = asked.make or recoder_of(Any if asked.whole else asked.type)
        count = 0
        try:
            for step in growing(self.reader.document):
                if isinstance(step, Element):
                    yield made(make, step.value, count)
                    count += 1
                else:
                    yield MORE
        except Truncated:
            self.check()  # which says more than that something is missing
            raise
        except TypeError:
            if count:
                raise
            raise TypeError(
                "this is a document, not items: enter the connection and read page['name'], page.value or page.document"
            ) from None

    def changes(self) -> Generator[Any]:
        session, follower = self._session, Follower()
        self._check_open()
        yield from self.beginning()
        self.check_begun()
        # At once: more may come while the first change is looked at.
        session.followers.append(follower)
        try:
            so_far = self._so_far()
            if so_far is not None:
                yield so_far
            while True:
                while follower.changes or follower.behind:
                    if follower.behind:
                        follower.catch_up()
                        yield self._so_far()
                    else:
                        yield follower.changes.popleft()
                if session.over:
                    break
                yield MORE
        finally:
            session.followers.remove(follower)
        self.check()

    def snapshots(self) -> Generator[Any]:
        seen = 0
        self._check_open()
        yield from self.beginning()
        self.check_begun()
        while True:
            count = self._session.count
            if count > seen:
                seen, so_far = count, self._so_far()
                if so_far is not None:
                    yield so_far.value
            if self._session.over:
                break
            yield MORE
        self.check()

    def _so_far(self) -> Change | None:
        """All that has come of the document; None where nothing has, as when it is one part that is still missing."""
        if self._session.body is None:  # closed before
            return None
        try:
            return self.reader.so_far() if self.reader.begun else None
        except LookupError:
            return None

    def beginning(self) -> Generator[Any]:
        """Until it is known what it is, and of a document what its first record says."""
        session = self._session
        while not session.over and (
            session.kind is None or (session.kind == "document" and not self.reader.begun)
        ):
            yield MORE

    def _check_open(self) -> None:
        """Raise if it was left before its end: that there is nothing says nothing of the stream."""
        if self.left and not self._session.finished and self._session.error is None:
            raise ConnectionLost("this connection was left before its end; connect again to read more")

    def check_begun(self) -> None:
        """Raise why it is over where nothing has come; what has come is given first."""
        if not self._session.count:
            self.check()

    def check(self) -> None:
        """Raise why it is over, if not all was there."""
        if self._session.error is not None:
            raise self._session.error
