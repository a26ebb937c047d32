"""Reads a body as it comes: what it is, whatever is said of it, when each record was complete, and how it ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tailrace._model import Limits, Problem
from tailrace.cli.doctor.kinds import at_its_end, looks_like, said
from tailrace.cli.doctor.seen import Content, Kind
from tailrace.cli.doctor.stamps import Stamps
from tailrace.errors import DecodeError, StreamFailed, Truncated
from tailrace.formats import CSV, JSON, NDJSON, EventStream, JSONSeq, Progressive

if TYPE_CHECKING:
    from tailrace.formats import Decoder

_LIMITS: Final = Limits(total=None)
_LONGEST_DOCUMENT: Final = 1 << 20
_MOST_IDS: Final = 1000

_END_EVENTS: Final = frozenset(
    {
        "end",
        "done",
        "complete",
        "completed",
        "close",
        "closed",
        "finish",
        "finished",
        "eof",
        "message_stop",
        "response.completed",
    }
)
"""What servers call the event behind the last one."""
_END_DATA: Final = frozenset({"[DONE]"})
_BLANK_LINE: Final = re.compile(rb"(?:\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n)\Z")


class Body:
    """One body. `server_time` is the server's clock when the request was sent, for the times in its records."""

    def __init__(self, content_type: str, server_time: float) -> None:
        self._type = content_type
        self._start = b""
        self._kind: Kind | None = None
        self._decoder: Decoder[Any] | None = None
        self._stamps = Stamps(server_time)
        self._records = 0
        self._tail = b""
        self._document = bytearray()
        self._ids: dict[str, None] = {}
        self._last_id = ""
        self._ending: str | None = None
        self._problem: Problem | None = None
        self._broken: DecodeError | None = None

    def feed(self, data: bytes, at: float) -> int:
        """How many records this completes."""
        self._tail = (self._tail + data)[-4:]
        if self._kind is None:
            self._start += data
            self._kind = looks_like(said(self._type), self._start)
            if self._kind is None:
                return 0
            self._decoder, data, self._start = self._decoder_of(self._kind), self._start, b""
        return self._decode(data, at)

    def finish(self, *, complete: bool) -> Content:
        """All about it; `complete` where the transfer says that this was all."""
        missing, doubt = None, None
        kind = self._kind or self._settle()
        if complete and self._problem is None and self._broken is None:
            missing, doubt = self._missing(kind)
        return Content(
            kind=kind,
            records=self._records,
            missing=missing,
            doubt=doubt,
            ending=self._ending,
            problem=self._problem,
            broken=None if self._broken is None else str(self._broken),
            ids=tuple(self._ids),
            last_id=self._last_id,
            stamps=self._stamps.found,
        )

    def _settle(self) -> Kind:
        """Say what it is, of which too little came to tell."""
        self._kind = at_its_end(said(self._type), self._start)
        self._decoder = self._decoder_of(self._kind)
        self._decode(self._start, 0.0)
        return self._kind

    def _decoder_of(self, kind: Kind) -> Decoder[Any] | None:
        version = 2 if re.search(r";\s*v=2\b", self._type) else 1
        decoders: dict[Kind, Any] = {
            "events": lambda: EventStream().decoder(_LIMITS),
            "lines": lambda: NDJSON(end="end=1" in self._type).decoder(_LIMITS),
            "array": lambda: JSON().decoder(_LIMITS),
            "sequence": lambda: JSONSeq().decoder(_LIMITS),
            "rows": lambda: CSV().decoder(_LIMITS),
            "progressive": lambda: Progressive(version).decoder(_LIMITS),
        }
        return decoders[kind]() if kind in decoders else None

    def _decode(self, data: bytes, at: float) -> int:
        if self._kind == "document":
            self._document += data[: _LONGEST_DOCUMENT - len(self._document)]
        if self._decoder is None:
            return data.count(b"\n") if self._kind == "text" else 0
        if self._broken is not None or self._problem is not None:
            return 0
        try:
            records = self._decoder.feed(data)
        except StreamFailed as failed:
            self._problem = failed.problem
            return 0
        except DecodeError as error:
            self._broken = error
            return 0
        count = sum([self._take(record, at) for record in records])
        self._records += count
        return count

    def _take(self, record: Any, at: float) -> bool:
        """Whether it is a record, and not what says that there are no more."""
        if self._kind != "events":
            self._stamps.take(record, at)
            return True
        if record.id:
            self._last_id = record.id
            if len(self._ids) < _MOST_IDS:
                self._ids.setdefault(record.id)
        if record.event == "problem":
            self._problem = _problem_of(record.data)
        elif record.event in _END_EVENTS:
            self._ending = f"event: {record.event}"
        elif record.data in _END_DATA:
            self._ending = f"data: {record.data}"
        else:
            self._stamps.take_text(record.data, at)
            return True
        return False

    def _missing(self, kind: Kind) -> tuple[str | None, str | None]:
        """What it lacks, and what nobody can know."""
        lacks = self._lacks(kind)
        if lacks is not None or self._problem is not None or self._broken is not None:
            return lacks, None
        if kind == "events":
            return self._end_of_events(), None
        if kind == "document":
            return self._end_of_document(), None
        if kind == "lines" and self._tail and not self._tail.endswith(b"\n"):
            return None, "its last line has no LF, so it may be the first half of a longer one"
        self._ending = _ENDS.get(kind)
        return None, None

    def _lacks(self, kind: Kind) -> str | None:
        """What its decoder waits for in vain."""
        try:
            if self._decoder is not None:
                self._records += len(self._decoder.finish())
        except Truncated as error:
            return _LACKS.get(kind, str(error))
        except StreamFailed as failed:
            self._problem = failed.problem
        except DecodeError as error:
            self._broken = error
        return None

    def _end_of_document(self) -> str | None:
        if len(self._document) < _LONGEST_DOCUMENT:
            try:
                msgspec.json.decode(bytes(self._document))
            except msgspec.DecodeError as error:
                return f"the rest of its JSON ({error})"
            if self._type.startswith("application/problem+json"):
                self._problem = _problem_of(bytes(self._document))
        self._ending, self._records = "the document is closed", 1
        return None

    def _end_of_events(self) -> str | None:
        if self._tail and not _BLANK_LINE.search(self._tail):
            return "the empty line behind its last event, which readers therefore drop"
        if self._ending is None:
            return "an event that says that this was all, such as `event: end`"
        return None


_LACKS: Final[dict[Kind, str]] = {
    "array": "the ] that closes its array",
    "rows": "the quote that closes its last cell",
}
_ENDS: Final[dict[Kind, str]] = {
    "array": "the array is closed",
    "progressive": "the record `done`",
    "lines": "the LF behind the last line",
}


def _problem_of(data: Any) -> Problem:
    try:
        return Problem.of(msgspec.json.decode(data, type=dict[str, Any]))
    except (ValueError, msgspec.DecodeError):
        return Problem(title=str(data)[:200])
