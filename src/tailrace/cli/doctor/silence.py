"""Whether those in between would take its pauses for the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.cli.doctor.finding import Case, Finding, seconds
from tailrace.cli.doctor.proxies import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.cli.doctor.seen import Seen

_ERROR: Final = 400


def silence(case: Case) -> Iterator[Finding]:
    """The longest pause, against those who wait only so long."""
    seen = case.main
    if not 0 < seen.status < _ERROR:
        return
    longest = seen.silence
    given_up = [f"{name}: {patience:.0f} s" for name, patience in PATIENCE if longest >= patience]
    evidence = [f"the longest silence was {seconds(longest)}", *_kept_alive(seen)]
    if given_up:
        yield Finding(
            "silence",
            "error",
            "It is silent for longer than others wait",
            (*evidence, *given_up),
            "send a comment (`:`) or a space at least every 15 s while there is nothing to say",
        )
    elif seen.ending == "open":
        yield _open(case, longest, evidence)
    else:
        name, patience = PATIENCE[0]
        yield Finding("silence", "ok", f"No pause is near the {patience:.0f} s of {name}", tuple(evidence))


def _open(case: Case, longest: float, evidence: list[str]) -> Finding:
    if case.watched >= PATIENCE[0][1] + _MORE:
        return Finding("silence", "ok", "Its pauses are shorter than others wait", tuple(evidence))
    return Finding(
        "silence",
        "unknown",
        f"Whether it keeps its connection alive takes longer to see than {seconds(case.watched)}"
        if longest < case.watched - _MORE
        else f"It said nothing for all of {seconds(longest)}",
        (*evidence, f"the least patient is {PATIENCE[0][0]}: {PATIENCE[0][1]:.0f} s"),
        "look with `--for 65` while there is nothing to send",
    )


_MORE: Final = 1.0


def _kept_alive(seen: Seen) -> Iterator[str]:
    without = [piece for piece in seen.arrivals if not piece.records and piece.at > 0.0]
    if without and seen.content.kind in {"events", "array", "lines"} and len(without) > 1:
        yield f"{len(without)} pieces without a record, as keep-alives are"
