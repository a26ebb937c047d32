"""What the header fields say to readers, caches and proxies, and what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.cli.doctor.finding import Case, Finding
from tailrace.cli.doctor.kinds import said
from tailrace.cli.doctor.proxies import hints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.cli.doctor.seen import Kind, Seen

_ERROR: Final = 400


def headers(case: Case) -> Iterator[Finding]:
    """The type, and what keeps others from storing or holding it."""
    seen = case.main
    if not 0 < seen.status < _ERROR:
        return
    yield from _type(seen)
    if is_stream(seen):
        yield from _buffering(case)
        yield from _caching(seen)
    yield from _varying(case)
    yield from _connections(seen)


def is_stream(seen: Seen) -> bool:
    """Whether it was sent as something whose length is not known yet."""
    return seen.header("content-length") is None and seen.content.kind != "document"


_TYPES: Final[dict[Kind, str]] = {
    "events": "text/event-stream",
    "lines": "application/x-ndjson",
    "array": "application/json",
    "document": "application/json",
    "sequence": "application/json-seq",
}


def _type(seen: Seen) -> Iterator[Finding]:
    kind, told = seen.content.kind, seen.header("content-type")
    if not seen.size:
        return
    right = _TYPES.get(kind)
    advice = f"send `Content-Type: {right}`" if right else "send a Content-Type"
    if told is None:
        yield Finding("no-type", "warning", "There is no Content-Type", (), advice)
    elif right is not None and said(told) != kind and (said(told), kind) != ("array", "document"):
        certain = kind == "events" or said(told) not in {"text", "bytes"}
        yield Finding(
            "wrong-type",
            "error" if certain else "warning",
            f"It looks like {right}, and is called something else",
            (f"Content-Type: {told}", *_consequence(kind, said(told))),
            advice,
        )
    elif kind == "events" and "charset=" in told.lower().replace("charset=utf-8", ""):
        yield Finding(
            "charset",
            "warning",
            "Events are always UTF-8",
            (f"Content-Type: {told}",),
            "send no other charset",
        )


def _consequence(kind: Kind, told: Kind) -> Iterator[str]:
    if kind == "events":
        yield "EventSource refuses it (WHATWG HTML 9.2.2)"
    elif kind == "lines" and told == "array":
        yield "a JSON parser refuses the second line"
    elif kind == "array" and told == "lines":
        yield "a reader of lines sees one line, or broken ones"


def _buffering(case: Case) -> Iterator[Finding]:
    seen = case.main
    if (seen.header("x-accel-buffering") or "").strip().lower() == "no":
        yield Finding("accel", "ok", "nginx is asked not to buffer it", ("X-Accel-Buffering: no",))
        return
    # nginx takes the field for itself and does not pass it on: there only the timing can tell.
    if not any(hint.name == "nginx" for hint in hints(seen)):
        yield Finding(
            "no-accel",
            "warning",
            "An nginx in front of it would buffer it, and for a reader that has stopped reading take all of it in",
            ("there is no X-Accel-Buffering: no",),
            "send `X-Accel-Buffering: no`; other proxies ignore it",
        )


def _caching(seen: Seen) -> Iterator[Finding]:
    field = seen.header("cache-control")
    directives = {part.partition("=")[0].strip().lower() for part in (field or "").split(",")}
    if "no-store" in directives:
        yield Finding("uncached", "ok", "Nobody stores it", (f"Cache-Control: {field}",))
    elif {"no-cache", "private"} & directives:
        yield Finding(
            "cacheable",
            "note",
            "Caches may store it, though not give it to others unasked",
            (f"Cache-Control: {field}",),
            "`Cache-Control: no-store` leaves no doubt",
        )
    else:
        yield Finding(
            "cacheable",
            "warning",
            "Caches may store it, and some collect a body before they pass it on",
            (f"Cache-Control: {field}" if field else "there is no Cache-Control",),
            "send `Cache-Control: no-store`",
        )


def _varying(case: Case) -> Iterator[Finding]:
    seen, other = case.main, case.otherwise
    if other is None or not other.status or other.media_type == seen.media_type:
        return
    varies = {part.strip().lower() for part in (seen.header("vary") or "").split(",")}
    evidence = f"Accept: {other.asked.get('accept')} gets {other.media_type or other.status}"
    if other.status >= _ERROR and other.status != _NOT_ACCEPTABLE:
        return
    if varies & {"accept", "*"}:
        yield Finding(
            "varies", "ok", "It says that it depends on Accept", (evidence, f"Vary: {seen.header('vary')}")
        )
    else:
        yield Finding(
            "no-vary",
            "warning",
            "It depends on Accept and does not say so: a cache would give one reader what another has asked for",
            (evidence, f"Vary: {seen.header('vary')}" if seen.header("vary") else "there is no Vary"),
            "send `Vary: Accept`",
        )


_NOT_ACCEPTABLE: Final = 406


def _connections(seen: Seen) -> Iterator[Finding]:
    if seen.content.kind == "events" and seen.version.startswith("HTTP/1"):
        yield Finding(
            "six",
            "note",
            "Over HTTP/1.1 a browser opens at most six connections to a host, in all its tabs",
            (seen.version,),
            "HTTP/2 has no such limit; a proxy in front can speak it",
        )
