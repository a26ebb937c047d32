"""An `Event` is a value: it is checked when it is made, and then stays as it is."""

from __future__ import annotations

import copy
import pickle

import pytest
from msgspec import UNSET

from tailrace import Event, EventStream
from tailrace.errors import EncodeError
from tailrace.formats import encode

EVENTS = [
    Event("a", event="e", id="1", retry=5, comment="c"),
    Event(None),
    Event(retry=5),
    *EventStream().decoder().feed(b"event: a\0b\nid: ~end\ndata: x\n\n"),
]


@pytest.mark.parametrize("event", EVENTS, ids=repr)
def test_copies(event: Event) -> None:
    """Are equal, whoever makes them, also of what only a sender of another kind could send."""
    pickled = [pickle.loads(pickle.dumps(event, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301 - our own
    for same in [copy.copy(event), copy.deepcopy(event), *pickled]:
        assert same == event
        assert hash(same) == hash(event)
        assert (same.data is UNSET) == (event.data is UNSET)


def test_it_does_not_change() -> None:
    event = Event("a")
    with pytest.raises(AttributeError, match="immutable"):
        event.data = "b"
    with pytest.raises(AttributeError, match="immutable"):
        del event.data


def test_null_is_not_nothing() -> None:
    assert Event(None) != Event(retry=5)
    assert Event(None).data is None
    assert repr(Event(None, id="1")) == "Event(None, id='1')"
    assert repr(Event(id="1")) == "Event(id='1')"


def test_the_end_of_another_stream_is_no_event_of_this_one() -> None:
    """What a relay received is checked again by whoever writes it."""
    with pytest.raises(EncodeError, match="ends a stream"):
        encode(EventStream(), [EVENTS[-1]])
