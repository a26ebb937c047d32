"""What is measured on Django, and what is to be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench.cases import Case, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FORMATS: Final = {
    "ndjson": ("NDJSON", "application/x-ndjson"),
    "array": ("JSON array", "application/json"),
    "sse": ("SSE", "text/event-stream"),
    "csv": ("CSV", "text/csv"),
}
_MOST: Final = {"ndjson": 1.8, "array": 1.8, "sse": 1.8, "csv": 2.5}
"""Times F. CSV has its own bound, as it has without Django."""
STORED_PEAK_TARGET: Final = 32 * 1024 * 1024

_SERVERS: Final = {
    "asgi": ("uvicorn", "asgi", "ASGI"),
    "wsgi": ("sync", "wsgi", "WSGI"),
    "gthread": ("gthread", "wsgi", "WSGI with threads"),
}


def _made(server: str, source: str, *formats: str, middleware: bool = False) -> Iterator[Case]:
    kind, app, label = _SERVERS[server]
    more = ", Django's middleware" if middleware else ""
    for name in formats:
        title, accept = _FORMATS[name]
        yield Case(
            f"{server}-{source}-{name}" + ("-middleware" if middleware else ""),
            f"tailrace {title}, {source} generator, {label}{more}",
            f"django_ours:{app}" + ("_middleware" if middleware else ""),
            f"/{source}",
            accept,
            targets=(Target("F", most=_MOST[name]),),
            server=kind,
        )


def _stored(server: str, path: str, what: str, *formats: str) -> Iterator[Case]:
    kind, app, label = _SERVERS[server]
    for name in formats:
        title, accept = _FORMATS[name]
        yield Case(
            f"{path}-{server}-{name}",
            f"tailrace {title}, {what}, {label}",
            f"django_ours:{app}",
            f"/{path}",
            accept,
            server=kind,
            stored=True,
            peak=STORED_PEAK_TARGET,
        )


def _peer(
    key: str, label: str, at: str, cost: float = 0.5, form: str = "ndjson", beaten: Sequence[str] = ()
) -> Case:
    """`at` is MODULE:SERVER/PATH, where "stored" begins the path of what comes from the database.

    It is to cost at least 25 times what those of `beaten` do.
    """
    module, _, rest = at.partition(":")
    server, _, path = rest.partition("/")
    kind, app, title = _SERVERS[server]
    is_stored = path.startswith("stored")
    return Case(
        f"stored-{key}" if is_stored else key,
        f"{label}, {title}",
        f"{module}:{app}",
        f"/{path}",
        _FORMATS[form][1],
        cost,
        tuple(Target(ours, least=25) for ours in beaten),
        kind,
        stored=is_stored,
    )


_STREAMING: Final = "StreamingHttpResponse"
_WHOLE: Final = "whole in memory"

MADE: Final = (
    Case("raw", "raw ASGI, bytes made beforehand, 64 KiB", "raw:app", "/prebaked", cost=0.05),
    Case("F", "F: raw ASGI, sync loop, orjson per row, 64 KiB", "raw:app", "/floor"),
    *_made("asgi", "async", "ndjson", "array", "sse", "csv"),
    *_made("asgi", "sync", "ndjson", "array", "sse", "csv"),
    *_made("wsgi", "sync", "ndjson", "array", "sse", "csv"),
    *_made("wsgi", "async", "ndjson", "sse"),
    *_made("gthread", "sync", "ndjson"),
    *_made("gthread", "async", "ndjson"),
    *_made("asgi", "async", "ndjson", middleware=True),
    *_made("wsgi", "sync", "ndjson", middleware=True),
    _peer("blocks-asgi", f"{_STREAMING}, 64 KiB by hand, async", "django_own:asgi/async-blocks"),
    _peer("blocks-wsgi", f"{_STREAMING}, 64 KiB by hand, sync", "django_own:wsgi/blocks"),
    _peer("lines-asgi", f"{_STREAMING}, a line a row, async", "django_own:asgi/async-lines", 6),
    _peer("lines-wsgi", f"{_STREAMING}, a line a row, sync", "django_own:wsgi/lines", 6),
    _peer(
        "lines-sync-asgi",
        f"{_STREAMING}, a line a row, sync: {_WHOLE}",
        "django_own:asgi/lines",
        14,
    ),
    _peer(
        "restflow-ndjson",
        "restflow NDJSONResponse",
        "django_restflow:asgi/ndjson",
        14,
        beaten=("asgi-async-ndjson", "wsgi-sync-ndjson"),
    ),
    _peer(
        "restflow-array",
        "restflow StreamingJSONListResponse",
        "django_restflow:asgi/array",
        20,
        "array",
        ("asgi-async-array", "wsgi-sync-array"),
    ),
    _peer(
        "restflow-sse",
        "restflow SSEResponse",
        "django_restflow:asgi/sse",
        17,
        "sse",
        ("asgi-async-sse", "wsgi-sync-sse"),
    ),
    _peer(
        "restflow-wsgi",
        f"restflow NDJSONResponse: {_WHOLE}",
        "django_restflow:wsgi/ndjson",
        14,
    ),
    _peer("drf", f"DRF's JSONRenderer: {_WHOLE}", "django_drf:wsgi/rows", 2, "array"),
    _peer("ninja-jsonl", "django-ninja JSONL", "django_ninjas:asgi/async-jsonl", 27),
    _peer("ninja-sse", "django-ninja SSE", "django_ninjas:asgi/async-sse", 27, "sse"),
    _peer("ninja-jsonl-wsgi", "django-ninja JSONL, sync", "django_ninjas:wsgi/jsonl", 25),
    _peer("ninja-list", f"django-ninja list: {_WHOLE}", "django_ninjas:wsgi/list", 10, "array"),
)
"""Rows that are made in memory."""

_VALUES: Final = "values()"

STORED: Final = (
    _peer("F", f"F: {_STREAMING}, 64 KiB by hand, {_VALUES}, sync view", "django_own:wsgi/stored-blocks"),
    *_stored("wsgi", "stored", f"{_VALUES}, sync view", "ndjson", "array", "csv"),
    *_stored("wsgi", "stored-async", f"{_VALUES}, async view", "ndjson", "array", "csv"),
    *_stored("gthread", "stored", f"{_VALUES}, sync view", "ndjson"),
    *_stored("asgi", "stored", f"{_VALUES}, sync view", "ndjson", "array", "csv"),
    *_stored("asgi", "stored-async", f"{_VALUES}, async view", "ndjson", "array", "csv"),
    *_stored("wsgi", "stored-lists", "values_list(), sync view", "ndjson"),
    *_stored("asgi", "stored-lists", "values_list(), sync view", "ndjson"),
    *_stored("wsgi", "stored-models", "models, sync view", "ndjson"),
    *_stored("asgi", "stored-models", "models, sync view", "ndjson"),
    _peer(
        "blocks-asgi",
        f"{_STREAMING}, 64 KiB by hand, {_VALUES}, async view",
        "django_own:asgi/stored-async-blocks",
        2,
    ),
    _peer(
        "lines-wsgi", f"{_STREAMING}, a line a row, {_VALUES}, sync view", "django_own:wsgi/stored-lines", 6
    ),
    _peer(
        "lines-asgi",
        f"{_STREAMING}, a line a row, {_VALUES}, async view",
        "django_own:asgi/stored-async-lines",
        7,
    ),
    _peer(
        "lines-sync-asgi",
        f"{_STREAMING}, a line a row, {_VALUES}, sync view: {_WHOLE}",
        "django_own:asgi/stored-lines",
        18,
    ),
    _peer(
        "restflow-ndjson",
        f"restflow NDJSONResponse, {_VALUES}, async view",
        "django_restflow:asgi/stored-ndjson",
        12,
    ),
    _peer(
        "restflow-array",
        f"restflow StreamingJSONListResponse, {_VALUES}, async view",
        "django_restflow:asgi/stored-array",
        16,
        "array",
    ),
    _peer(
        "restflow-wsgi",
        f"restflow NDJSONResponse, {_VALUES}, async view: {_WHOLE}",
        "django_restflow:wsgi/stored-ndjson",
        13,
    ),
    _peer("drf", f"DRF's ListAPIView, ModelSerializer: {_WHOLE}", "django_drf:wsgi/stored", 11, "array"),
    _peer(
        "drf-values",
        f"DRF's JSONRenderer, {_VALUES}: {_WHOLE}",
        "django_drf:wsgi/stored-dicts",
        6,
        "array",
    ),
    _peer(
        "ninja-jsonl", "django-ninja JSONL, models, async view", "django_ninjas:asgi/stored-async-jsonl", 26
    ),
    _peer("ninja-jsonl-wsgi", "django-ninja JSONL, models, sync view", "django_ninjas:wsgi/stored-jsonl", 26),
    _peer(
        "ninja-list", f"django-ninja list, models: {_WHOLE}", "django_ninjas:wsgi/stored-list", 15, "array"
    ),
)
"""Rows from PostgreSQL."""
