"""Items that come as server-sent events: what tailrace's own events say, and all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tailrace._json import decode
from tailrace._model import Problem
from tailrace.client._answer import object_in
from tailrace.client._body import Body, Got
from tailrace.client._news import Gap
from tailrace.errors import DecodeError, StreamFailed, Truncated
from tailrace.formats._events import EventStreamDecoder
from tailrace.formats.event_stream import TERMINAL_ID

if TYPE_CHECKING:
    from tailrace._event import Event
    from tailrace._json import Decode
    from tailrace._model import Limits


class Events(Body):
    """A body of events, and those that follow it: the last event id stays (WHATWG HTML 9.2.3)."""

    keeps_alive = True
    advice = (
        "; its events have no ids to go on behind, and Resume(repeat=True) would ask for all of them again"
    )

    def __init__(self, limits: Limits, by: Decode | None, last_event_id: str) -> None:
        super().__init__()
        self._by = by
        self._limits = limits
        self._before = 0
        """The items of earlier bodies."""
        self._decoder = EventStreamDecoder(limits)
        self._decoder.last_event_id = self._given = last_event_id

    def goes_on(self, *, cut: bool, repeat: bool) -> bool:
        """Behind an id; without one where nothing has come, or a server that ends its streams has not ended this one.

        Such a server has been shut down. Any other would begin again, perhaps: each event would come twice.
        """
        begun = self.count > self._before
        numbered = bool(self.last_event_id) and self.last_event_id != self._given
        return repeat or numbered or not begun or (self.certain and not cut)

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one."""
        return self._decoder.last_event_id

    @property
    def retry(self) -> float | None:
        """The reconnection time that the server has named last."""
        return None if self._decoder.retry is None else self._decoder.retry / 1000

    def again(self) -> None:
        """Go on with another body."""
        self._before = self.count
        before, self._decoder = self._decoder, EventStreamDecoder(self._limits)
        self._decoder.last_event_id = before.last_event_id

    def feed(self, data: bytes) -> Got:
        """The items that this brings, each with the id of the last event then."""
        got: Got = []
        try:
            for event in self._decoder.feed(data):
                if event.data == _DONE and self._by is not None:
                    self.complete = True
                    return got
                if event.event in _OURS and self._is_ours(event):
                    if self.complete:
                        return got
                else:
                    got.append((self._item(event), event.id))
                    self.count += 1
            self._decoder.feed(b"")  # raises what was wrong behind these
        except Exception as error:  # noqa: BLE001 - the user's own type may raise anything
            self.error = error
        return got

    def finish(self) -> Got:
        """Nothing: what the end of the body cuts is no event, but says that it was cut."""
        if self.error is None and not self.complete and self._decoder.inside:
            self.error = Truncated(f"the body ends inside an event, after {self.count} complete ones")
        return []

    def _item(self, event: Event) -> Any:
        if self._by is None:
            return event
        text = event.data.encode("utf-8", "surrogatepass")
        try:
            return decode(text, depth=self._limits.depth, record=self.count, offset=0, by=self._by)
        except DecodeError as error:
            # What is malformed is no JSON at all: perhaps the sender meant none.
            hint = (
                "" if error.path else f" (is {event.data[:40]!r} JSON? type=Event reads events as they are)"
            )
            raise error.__class__(error.reason + hint, record=self.count, path=error.path) from None

    # What a server of tailrace says of the stream itself.

    def _is_ours(self, event: Event) -> bool:
        """Whether an event is none of the items, but about them; raises `StreamFailed` for their failure."""
        if event.event == "gap":
            return self._is_gap(_members(event))
        if event.id != TERMINAL_ID:
            return False
        if event.event == "problem":
            raise StreamFailed(Problem.of(_members(event)))
        self.complete = True
        self._decoder.last_event_id = TERMINAL_ID  # whatever came with it
        return True

    def _is_gap(self, members: dict[str, Any]) -> bool:
        if not members or members.keys() - _GAP:
            return False
        self.news = [*self.news, Gap(_text(members.get("requested")), _text(members.get("earliest")))]
        return True


_DONE: Final = "[DONE]"
"""How language models end their events; it is no JSON, so nobody means it as an item."""
_OURS: Final = frozenset({"end", "problem", "gap"})
_GAP: Final = frozenset({"requested", "earliest"})


def _members(event: Event) -> dict[str, Any]:
    return object_in(event.data.encode("utf-8", "surrogatepass"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
