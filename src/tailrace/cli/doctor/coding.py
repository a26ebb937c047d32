"""Does compression hold records back? The same request, with and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.cli.doctor.finding import Case, Finding, seconds
from tailrace.cli.doctor.timing import APART, moments
from tailrace.cli.output import several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.cli.doctor.seen import Piece, Seen

_ERROR: Final = 400


def coding(case: Case) -> Iterator[Finding]:
    """Compare the two."""
    plain, packed = case.main, case.compressed
    if plain.coding:
        yield Finding(
            "coded-anyway",
            "warning",
            "It is compressed for who has asked for it as it is",
            (f"Accept-Encoding: {plain.asked.get('accept-encoding')}", f"Content-Encoding: {plain.coding}"),
            "compress only what the request accepts (RFC 9110 12.5.3)",
        )
    if not case.safe:
        yield Finding(
            "not-tried",
            "unknown",
            "How it is compressed, whether it depends on Accept and whether it resumes was not tried",
            ("the request may have effects, so it was sent once",),
        )
    if packed is None or not 0 < plain.status < _ERROR:
        return
    before = moments(plain)
    if not before or before[-1].at - before[0].at < APART:
        return  # what comes at once cannot come later
    if packed.status and not packed.coding:
        yield Finding("uncompressed", "ok", "It is not compressed, so nothing can be held back by that")
        return
    yield _compared(plain, before, packed, moments(packed))


def _compared(plain: Seen, before: list[Piece], packed: Seen, after: list[Piece]) -> Finding:
    name = packed.coding or "compression"
    plainly = _told(plain, before)
    if not after:
        asked = f"with it none within {seconds(packed.ended_at)}"
        return _held(name, (f"without it {plainly}", asked), packed)
    later = _later(before, after)
    if later >= APART and 2 * len(after) <= len([one for one in before if one.at <= packed.ended_at]):
        told = f"with it {_told(packed, after)}: a record came up to {seconds(later)} later"
        return _held(name, (f"without it {plainly}", told), packed)
    return Finding(
        "flushed",
        "ok",
        f"{name} is flushed with every record",
        (f"without it {plainly}", f"with it {_told(packed, after)}"),
    )


def _told(seen: Seen, came: list[Piece]) -> str:
    what = several(seen.content.records, "record") if seen.content.records else several(seen.size, "byte")
    return f"{what} in {several(len(came), 'piece')}, the first after {seconds(came[0].at)}"


def _later(before: list[Piece], after: list[Piece]) -> float:
    """By how much a record came later, at most."""
    first, second = (
        [piece.at for piece in came for _ in range(piece.records or 1)] for came in (before, after)
    )
    return max((late - soon for soon, late in zip(first, second, strict=False)), default=0.0)


def _held(name: str, evidence: tuple[str, ...], packed: Seen) -> Finding:
    return Finding(
        "gzip-holds",
        "error",
        f"{name} holds records back until it has enough of them",
        (f"Accept-Encoding: {packed.asked.get('accept-encoding')}", *evidence),
        "flush the compressor with every record (tailrace: `Delivery(compression=…)`), or do not compress streams: "
        "a middleware can leave out their media types; in nginx `gzip off;`",
    )
