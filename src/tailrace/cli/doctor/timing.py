"""Does each record come when it was made? By the times of arrival, and by what the records say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.cli.doctor.finding import Case, Finding, seconds
from tailrace.cli.doctor.proxies import Hint, hints
from tailrace.cli.doctor.seen import TOGETHER
from tailrace.cli.output import several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.cli.doctor.seen import Piece, Seen

LATE: Final = 0.25
"""Seconds behind the network's own from which a first record is late."""
APART: Final = 0.1
"""Seconds from which two moments are two, whatever the machines are busy with."""
_ONCE: Final = 0.05
_BLOCKS: Final = 3
_KIBI: Final = 1024


def timing(case: Case) -> Iterator[Finding]:
    """Whether it streams, as far as one can know."""
    seen = case.main
    if not seen.status and seen.ending == "open":
        yield _silent(case)
    elif 0 < seen.status < _ERROR:
        yield _verdict(case, moments(seen))
        yield from _blocks(case)


_ERROR: Final = 400


def moments(seen: Seen) -> list[Piece]:
    """When records came; of a body that has none, when anything did."""
    return seen.with_records if seen.content.kind not in {"text", "bytes"} else seen.arrivals


def _verdict(case: Case, came: list[Piece]) -> Finding:
    seen = case.main
    held = made_apart(seen)
    if held >= APART:
        return _held(case, came, held)
    if seen.content.kind == "document":
        return _document(seen)
    if not came:
        return _no_record(case)
    first, last = came[0].at, came[-1].at
    if last - first >= APART:
        return _streams(seen, came)
    if first - seen.round_trip >= LATE and (len(came) == 1 or last - first <= _ONCE):
        return _held(case, came, None)
    return _too_fast(seen, came)


def made_apart(seen: Seen) -> float:
    """The longest time between the making of two records that came together, if they say when they were made."""
    groups: list[list[float]] = []
    last = float("-inf")
    for stamp in seen.content.stamps:
        if stamp.at - last > TOGETHER:
            groups.append([])
        groups[-1].append(stamp.said)
        last = stamp.at
    return max((max(said) - min(said) for said in groups), default=0.0)


def _held(case: Case, came: list[Piece], apart: float | None) -> Finding:
    """Somebody has held it back: surely, if the records say that they were made `apart`."""
    seen = case.main
    said = seen.content.stamps[0].where if apart is not None else ""
    evidence = [
        f"{several(seen.content.records, 'record')} came in {several(len(came), 'piece')}, "
        f"the first after {seconds(came[0].at)}, the last after {seconds(came[-1].at)}"
        if seen.content.records
        else f"{several(seen.size, 'byte')} came at once after {seconds(came[0].at)}"
    ]
    if apart is not None:
        evidence.append(f"records that came together were made {seconds(apart)} apart, by their own {said}")
    head_late = seen.head_at is not None and came[0].at - seen.head_at <= _ONCE
    if head_late:
        evidence.append(f"the status line came with them, after {seconds(seen.head_at or 0.0)}")
    length = seen.header("content-length")
    if length is not None:
        evidence.append(f"Content-Length: {length}, which only who has the whole body can know")
        return Finding(
            "app-builds",
            "error",
            "The application builds the whole body before it sends any of it",
            tuple(evidence),
            "return the generator itself, as in `return Stream(rows())`, and not a list of what it gives",
        )
    between = hints(seen, case.bare_head)
    certain = apart is not None
    if between and (certain or head_late):
        return _buffers(between, evidence, certain=certain)
    return _somebody(evidence, certain=certain)


def _buffers(between: list[Hint], evidence: list[str], *, certain: bool) -> Finding:
    doubt = (
        () if certain else ("times in the records would prove it; so would the same request past the proxy",)
    )
    return Finding(
        "proxy-buffers",
        "error",
        f"{between[0].name} holds the body back" + ("" if certain else ", by all that can be seen"),
        (*evidence, *(hint.evidence for hint in between), *doubt),
        between[0].advice,
    )


def _somebody(evidence: list[str], *, certain: bool) -> Finding:
    return Finding(
        "held-back",
        "error" if certain else "warning",
        "Something collects records before it sends them" if certain else "All of it came at once, and late",
        (
            *evidence,
            "no header names a proxy"
            + (
                "" if certain else ": it may also be that the source had nothing before, and then all at once"
            ),
        ),
        "ask the application directly, past every proxy; if it is the same there, look for a middleware that reads "
        "the body (compression, logging, caching) and for a list where a generator could be",
    )


def _silent(case: Case) -> Finding:
    between = hints(case.bare_head)
    advice = (
        between[0].advice if between else "send the headers, or a comment, before the first record is there"
    )
    return Finding(
        "silent",
        "error",
        f"Nothing came within {seconds(case.watched)}, not even the status line",
        tuple(f"{hint.evidence} (in its answer to HEAD)" for hint in between),
        f"{advice}; look longer with --for, and ask the application directly",
    )


def _no_record(case: Case) -> Finding:
    seen = case.main
    if seen.ending == "open":
        return Finding(
            "no-record",
            "unknown",
            f"No record within {seconds(case.watched)}",
            (
                f"the status line came after {seconds(seen.head_at or 0.0)}, then {several(seen.size, 'byte')}",
            ),
            "whether there was anything to send cannot be known here: look longer with --for",
        )
    return Finding("empty", "unknown", "There is no record in it", (), "ask for one that has some")


def _document(seen: Seen) -> Finding:
    at = seen.pieces[0].at if seen.pieces else seen.ended_at
    if at - seen.round_trip < LATE:
        return Finding(
            "document",
            "note",
            "It is one JSON document, which was there at once: nothing to stream",
            (f"{several(seen.size, 'byte')} after {seconds(at)}",),
        )
    return Finding(
        "document",
        "warning",
        "It is one JSON document, which waits for its slowest part",
        (f"first byte after {seconds(at)}",),
        "progressive JSON shows each part as it comes: `Stream({…})` where it is asked for",
    )


def _streams(seen: Seen, came: list[Piece]) -> Finding:
    what = several(seen.content.records, "record") if seen.content.records else several(seen.size, "byte")
    over = f"{what} in {several(len(came), 'piece')} over {seconds(came[-1].at - came[0].at)}"
    return Finding("streams", "ok", "It streams", (f"{over}, the first after {seconds(came[0].at)}",))


def _too_fast(seen: Seen, came: list[Piece]) -> Finding:
    what = several(seen.content.records, "record") if seen.content.records else several(seen.size, "byte")
    return Finding(
        "too-fast",
        "unknown",
        "Whether something holds records back cannot be seen in a stream as short as this",
        (f"{what} within {seconds(came[-1].at - came[0].at)}, the first after {seconds(came[0].at)}",),
        "ask for one whose records take time: a live one, or one with a pause of half a second between two",
    )


def _blocks(case: Case) -> Iterator[Finding]:
    """Pieces that all have the size of somebody's buffer."""
    apart = case.main.arrivals[:-1]
    sizes = {piece.size for piece in apart}
    if len(apart) >= _BLOCKS and len(sizes) == 1 and not min(sizes) % _KIBI:
        (size,) = sizes
        between = hints(case.main)
        yield Finding(
            "blocks",
            "error",
            f"Something sends whenever a buffer of {size // _KIBI} KiB is full, and not when a record is there",
            (
                f"{several(len(apart), 'piece')} of exactly {size:,} bytes each",
                *(hint.evidence for hint in between),
            ),
            between[0].advice if between else "find the buffer: a proxy, a compressor, a file-like wrapper",
        )
