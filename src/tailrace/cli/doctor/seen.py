"""What was seen of one exchange: values, so that what they mean can be tested as a table."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from tailrace._model import Problem

Kind = Literal["events", "lines", "array", "document", "progressive", "sequence", "rows", "text", "bytes"]
"""What a body is, whatever its Content-Type says."""
Ending = Literal["complete", "cut", "open"]
"""Whether the transfer was completed, cut, or still going on when nobody looked any more."""

TOGETHER: Final = 0.005
"""Seconds within which what comes has come at once."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read at a time: when, how many bytes, and how many records it completed."""

    at: float
    size: int
    records: int = 0


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time that stands in a record, in seconds since 1970, and when the record came, in those since the request."""

    at: float
    said: float
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the body is, and how it ends."""

    kind: Kind = "bytes"
    records: int = 0
    missing: str | None = None
    """What it lacks where it stops; None where it has its end, or none is due."""
    doubt: str | None = None
    """Why nobody can know whether that was all."""
    ending: str | None = None
    """What says that it is complete."""
    problem: Problem | None = None
    """What it says itself has failed."""
    broken: str | None = None
    """What is malformed in it."""
    ids: tuple[str, ...] = ()
    """Of the first events, each once."""
    last_id: str = ""
    stamps: tuple[Stamp, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request and what came of it; times in seconds since it was sent."""

    asked: dict[str, str] = field(default_factory=dict[str, str])
    url: str = ""
    status: int = 0
    """0 where not even that has come."""
    version: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    head_at: float | None = None
    pieces: tuple[Piece, ...] = ()
    ending: Ending = "open"
    ended_at: float = 0.0
    round_trip: float = 0.0
    """What the network takes by itself: the time of a TCP handshake."""
    why: str = ""
    """What was wrong with the connection."""
    content: Content = Content()

    def header(self, name: str) -> str | None:
        """All values of a field, as RFC 9110 5.2 joins them."""
        values = [value for key, value in self.fields if key.lower() == name]
        return ", ".join(values) if values else None

    @property
    def media_type(self) -> str:
        """Without its parameters, in lower case; "" where none is said."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def coding(self) -> str:
        """What the body is compressed with; "" if it is not."""
        coding = (self.header("content-encoding") or "").strip().lower()
        return "" if coding == "identity" else coding

    @property
    def size(self) -> int:
        """Bytes of the body, decoded."""
        return sum(piece.size for piece in self.pieces)

    @property
    def arrivals(self) -> list[Piece]:
        """The pieces, those that came at once as one."""
        together: list[Piece] = []
        last = float("-inf")
        for piece in self.pieces:
            if piece.at - last <= TOGETHER:
                first = together[-1]
                together[-1] = Piece(first.at, first.size + piece.size, first.records + piece.records)
            else:
                together.append(piece)
            last = piece.at
        return together

    @property
    def with_records(self) -> list[Piece]:
        """The arrivals that brought records."""
        return [piece for piece in self.arrivals if piece.records]

    @property
    def silence(self) -> float:
        """The longest time without a byte: before the first, between two, or up to now while it goes on."""
        moments = [
            0.0,
            *([] if self.head_at is None else [self.head_at]),
            *(piece.at for piece in self.pieces),
        ]
        moments += [self.ended_at] if self.ending == "open" or not self.pieces else []
        return max((after - before for before, after in itertools.pairwise(moments)), default=0.0)

    def members(self) -> dict[str, Any]:
        """As JSON has it: without the values that may be secrets."""
        content = self.content
        return {
            "request": self.asked,
            "status": self.status or None,
            "http_version": self.version or None,
            "headers": [[name, "…" if name in _SECRET else value] for name, value in self.fields],
            "head_at": _rounded(self.head_at),
            "pieces": [
                {"at": _rounded(piece.at), "bytes": piece.size, "records": piece.records}
                for piece in self.pieces[:_MOST_PIECES]
            ],
            "pieces_in_all": len(self.pieces),
            "bytes": self.size,
            "records": content.records,
            "kind": content.kind,
            "ending": self.ending,
            "ended_at": _rounded(self.ended_at),
            "longest_silence": _rounded(self.silence),
        }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


_SECRET: Final = frozenset({"set-cookie", "authorization", "www-authenticate", "proxy-authenticate"})
_MOST_PIECES: Final = 200
