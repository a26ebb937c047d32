"""Whether events go on where a reader left off, and stop when they are over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.cli.doctor.finding import Case, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.cli.doctor.seen import Seen

_ERROR: Final = 400
_NO_CONTENT: Final = 204
_GONE: Final = 410


def resuming(case: Case) -> Iterator[Finding]:
    """What `Last-Event-ID` does."""
    seen = case.main
    if seen.content.kind != "events" or not 0 < seen.status < _ERROR:
        return
    if case.resumed is not None:
        yield _resumed(seen, case.resumed, case.resumed_behind)
    elif not case.safe:
        yield Finding(
            "not-tried", "unknown", "Whether it resumes was not tried: the request may have effects"
        )
    elif not any(id_ != seen.content.last_id or not seen.content.ending for id_ in seen.content.ids):
        yield Finding(
            "no-ids",
            "note",
            "Its events have no ids: a reader that comes back has lost some, or gets them again",
            (),
            "give each event an id, and go on behind the one in `Last-Event-ID`",
        )
    if case.after_end is not None:
        yield from _after_end(seen, case.after_end)


def _resumed(seen: Seen, again: Seen, behind: str) -> Finding:
    ids = seen.content.ids
    expected = ids[ids.index(behind) + 1]
    first = again.content.ids[0] if again.content.ids else None
    asked = f"Last-Event-ID: {behind}"
    if first == expected:
        return Finding("resumes", "ok", "It goes on behind the last event", (f"{asked} gets {first} first",))
    if again.status == _GONE:
        return Finding(
            "resumes", "note", "It keeps no events to go back to, and says so", (f"{asked} gets 410",)
        )
    if first is None:
        return Finding(
            "resumes",
            "unknown",
            "Whether it resumes cannot be said: no event came after it was asked to",
            (f"{asked} gets {again.status or 'nothing'}",),
        )
    anew = first == ids[0]
    return Finding(
        "no-resume",
        "warning",
        "It takes no notice of Last-Event-ID: a reader that comes back gets events again"
        if anew
        else "It does not go on behind Last-Event-ID: a reader that comes back has lost events",
        (f"{asked} gets {first} first, expected {expected}",),
        "read `Last-Event-ID` and go on behind it; answer 410, or an event of its own, where that is not kept any more",
    )


def _after_end(seen: Seen, after: Seen) -> Iterator[Finding]:
    asked = (
        f"Last-Event-ID: {seen.content.last_id}"
        if seen.content.last_id
        else "a request without an id, as before,"
    )
    if after.status == _NO_CONTENT:
        yield Finding(
            "stops", "ok", "A browser that comes back after the end is told to stop", (f"{asked} gets 204",)
        )
    elif 0 < after.status < _ERROR and after.content.records:
        yield Finding(
            "runs-again",
            "warning",
            "A browser's EventSource comes back after the end and gets it all again, for ever",
            (f"{asked} gets {after.status} and events",),
            "give the last event an id of its own and answer 204 to it (tailrace does), or have the page close "
            "its EventSource",
        )
