"""Does it say that it is whole? Where it does not, a reader cannot tell a short answer from a broken one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.cli.doctor.finding import Case, Finding, seconds
from tailrace.cli.output import several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.cli.doctor.seen import Seen

_ERROR: Final = 400


def ending(case: Case) -> Iterator[Finding]:
    """How it ends."""
    seen = case.main
    if seen.status >= _ERROR:
        yield _refused(seen)
        return
    if seen.ending == "cut":
        yield Finding(
            "cut",
            "error",
            "The transfer breaks off",
            (f"after {several(seen.size, 'byte')} and {seconds(seen.ended_at)}: {seen.why}",),
            "see the server's log for the error; a proxy's read time-out, or a worker that was killed, look the same",
        )
    if seen.content.problem is not None:
        problem = seen.content.problem
        told = [
            f"{name}: {value}" for name, value in (("detail", problem.detail), ("ref", problem.ref)) if value
        ]
        yield Finding("failed", "error", f"The stream says that it failed: {problem.title}", tuple(told))
    if seen.content.broken is not None:
        yield _malformed(seen)
    if seen.ending == "complete":
        yield from _end_of(seen)
    elif seen.ending == "open" and seen.status:
        yield Finding(
            "endless",
            "unknown",
            f"It was still going on after {seconds(seen.ended_at)}: how it ends was not seen",
            (),
            "look longer with --for, if it ends at all",
        )


def _refused(seen: Seen) -> Finding:
    problem = seen.content.problem
    told = () if problem is None else tuple(filter(None, [problem.title, problem.detail]))
    advice = "see --header and --accept for what the request may lack" if seen.status < _SERVER else ""
    return Finding("status", "error", f"The server answers {seen.status}", told, advice)


_SERVER: Final = 500


def _malformed(seen: Seen) -> Finding:
    names = {"lines": "NDJSON", "array": "a JSON array", "events": "events"}
    kind = names.get(seen.content.kind, seen.content.kind)
    return Finding(
        "malformed",
        "error",
        f"It is no {kind} from some record on" if seen.content.records else f"It is not {kind}",
        (str(seen.content.broken),),
    )


def _end_of(seen: Seen) -> Iterator[Finding]:
    content = seen.content
    if content.missing is not None:
        length = seen.header("content-length")
        evidence = [f"after {several(content.records, 'record')} it lacks {content.missing}"]
        if length is not None:
            evidence.append(f"Content-Length says {length}, and that is where it stops: it may be too small")
        yield Finding(
            "no-end",
            "error",
            "It stops without its end, and a reader cannot know whether that was all",
            tuple(evidence),
            _ADVICE.get(content.kind, "find out why the server stopped: its log has the error"),
        )
    elif content.doubt is not None:
        yield Finding(
            "no-last-lf",
            "warning",
            "Its last line is not ended",
            (content.doubt,),
            "write an LF behind each line, the last one too",
        )
    elif content.ending is not None:
        yield Finding("ends", "ok", "It says where it ends", (content.ending,))
    if _close_delimited(seen):
        yield Finding(
            "close-delimited",
            "note" if content.ending is not None and content.kind != "lines" else "warning",
            "Only the end of the connection says that the body ends: a broken one looks the same",
            (f"{seen.version}, neither Content-Length nor Transfer-Encoding: chunked",),
            "speak HTTP/1.1 between proxy and server (nginx: `proxy_http_version 1.1;`)",
        )


_ADVICE: Final = {
    "events": "end with an event that says so, as `event: end` (tailrace does); a browser's EventSource would "
    "otherwise begin anew, and no reader could tell a restart of the server from the end",
    "array": "find out why the server stopped: its log has the error",
}


def _close_delimited(seen: Seen) -> bool:
    return (
        seen.version.startswith("HTTP/1")
        and seen.header("content-length") is None
        and "chunked" not in (seen.header("transfer-encoding") or "").lower()
        and seen.size > 0
    )
