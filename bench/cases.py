"""What is measured, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_NDJSON: Final = "application/x-ndjson"
_ARRAY: Final = "application/json"
_SSE: Final = "text/event-stream"
_CSV: Final = "text/csv"


@dataclass(frozen=True)
class Target:
    """A bound on this case's figure as a multiple of the case `than`'s, in the same round."""

    than: str
    most: float | None = None
    least: float | None = None

    def __str__(self) -> str:
        """As in a table's heading."""
        sign, bound = ("≤", self.most) if self.most is not None else ("≥", self.least)
        return f"{sign} {bound:g} × {self.than}"

    def met(self, ratio: float) -> bool:
        """Whether `ratio` is within the bound."""
        return (self.most is None or ratio <= self.most) and (self.least is None or ratio >= self.least)

    def miss(self, ratio: float) -> str:
        """By how much it is not."""
        bound = self.most if self.most is not None else self.least
        assert bound  # noqa: S101 - one of the two is always given
        return f"{abs(ratio / bound - 1):.0%}"


PEAK_TARGET: Final = 2 * 1024 * 1024
"""Bytes over the idle server while a million rows go out."""


@dataclass(frozen=True)
class Case:
    """A server's way to answer. `key` names it in ratios and in `--only`."""

    key: str
    label: str
    app: str
    path: str
    accept: str = _NDJSON
    cost: float = 0.5
    """CPU seconds for a million rows, roughly: what costs much is measured with fewer rows."""
    targets: tuple[Target, ...] = ()
    server: str = "uvicorn"
    """What serves it: uvicorn, or gunicorn's workers "sync" and "gthread"."""
    stored: bool = False
    """Whether its rows come from the database."""
    peak: int = PEAK_TARGET
    """Bytes over the idle server, at most, where it is ours."""

    @property
    def ours(self) -> bool:
        """Whether it is tailrace's."""
        return self.app.startswith(("ours:", "django_ours:"))


def _floor(most: float) -> tuple[Target, ...]:
    return (Target("F", most=most),)


def _own(key: str, cost: float) -> tuple[float, tuple[Target, ...]]:
    return cost, (Target(key, most=0.25),)


_OURS: Final = "ours:fastapi"
_OWN: Final = "fastapi_own:app"

BULK: Final = (
    Case("raw", "raw ASGI, bytes made beforehand, 64 KiB", "raw:app", "/prebaked", cost=0.05),
    Case("F", "F: sync loop, orjson per row, 64 KiB", "raw:app", "/floor"),
    Case("ndjson", "tailrace NDJSON, dicts", _OURS, "/dicts", targets=_floor(1.5)),
    Case("array", "tailrace JSON array, dicts", _OURS, "/dicts", _ARRAY, targets=_floor(1.5)),
    Case("sse", "tailrace SSE, dicts", _OURS, "/dicts", _SSE, targets=_floor(1.7)),
    Case("csv", "tailrace CSV, dicts", _OURS, "/dicts", _CSV, targets=_floor(2.5)),
    Case("models", "tailrace NDJSON, pydantic models", _OURS, "/models", targets=_floor(2.5)),
    Case("sync", "tailrace NDJSON, sync generator", _OURS, "/sync", targets=_floor(2.5)),
    Case("yield", "tailrace yield, NDJSON, dicts", _OURS, "/yield", _NDJSON, *_own("fastapi-jsonl", 3)),
    Case(
        "yield-typed",
        "tailrace yield, NDJSON, models",
        _OURS,
        "/yield-typed",
        _NDJSON,
        *_own("fastapi-jsonl-typed", 3),
    ),
    Case(
        "yield-sync",
        "tailrace yield, NDJSON, sync def",
        _OURS,
        "/yield-sync",
        _NDJSON,
        *_own("fastapi-jsonl-sync", 1),
    ),
    Case("yield-sse", "tailrace yield, SSE, dicts", _OURS, "/yield", _SSE, *_own("fastapi-sse", 3)),
    Case(
        "yield-sse-typed",
        "tailrace yield, SSE, models",
        _OURS,
        "/yield-typed",
        _SSE,
        *_own("fastapi-sse-typed", 3),
    ),
    Case("litestar", "litestar Stream + orjson", "litestar_own:app", "/rows", cost=3.2),
    Case("fastify", "fastify, JSON.stringify", "fastify.mjs", "/rows", cost=3.3),
    Case("streaming", "Starlette StreamingResponse + orjson", "starlette_own:streaming", "/rows", cost=4.1),
    Case(
        "sse-starlette",
        "sse-starlette + orjson",
        "starlette_own:sse",
        "/rows",
        _SSE,
        13.5,
        (Target("sse", least=25),),
    ),
    Case("fastapi-jsonl", "FastAPI JSONL, dicts", _OWN, "/jsonl", _NDJSON, 26, (Target("ndjson", least=50),)),
    Case("fastapi-jsonl-typed", "FastAPI JSONL, typed", _OWN, "/jsonl-typed", _NDJSON, 11),
    Case("fastapi-jsonl-sync", "FastAPI JSONL, sync def", _OWN, "/jsonl-sync", _NDJSON, 84),
    Case("fastapi-sse", "FastAPI SSE, dicts", _OWN, "/sse", _SSE, 72, (Target("sse", least=100),)),
    Case("fastapi-sse-typed", "FastAPI SSE, typed", _OWN, "/sse-typed", _SSE, 55),
)

_EVENT: Final = Target("raw", most=1.6)

LIVE: Final = (
    Case("raw", "raw ASGI", "raw:app", "/live", _SSE),
    Case("asgi", "tailrace, bare ASGI", "ours:asgi", "/live", _SSE, targets=(_EVENT,)),
    Case("starlette", "tailrace on Starlette", "ours:starlette", "/live", _SSE),
    Case("fastapi", "tailrace on FastAPI", "ours:fastapi", "/live", _SSE),
    Case("streaming", "Starlette StreamingResponse + orjson", "starlette_own:streaming", "/live", _SSE),
    Case("sse-starlette", "sse-starlette + orjson", "starlette_own:sse", "/live", _SSE),
    Case("fastapi-sse", "FastAPI SSE", "fastapi_own:app", "/live", _SSE),
    Case("node", "node http", "node_http.mjs", "/live", _SSE),
)
MEMORY_TARGET: Final = Target("raw", most=1.5)
LATENCY_TARGET: Final = Target("streaming", most=1.0)
FIRST_TARGET: Final = 0.002
"""Seconds to the first byte over raw's."""


@dataclass(frozen=True)
class Shape:
    """A progressive document; `key` names it in `--only`, `document` what `bench.peers` make for `count`."""

    key: str
    label: str
    document: str
    count: int
    quick: int
    """`count` where all that is asked is whether it runs."""
    targets: tuple[Target, ...] = ()
    extra: float | None = None
    """MB over what the tree takes, at most; and no more than peers on another runtime."""


@dataclass(frozen=True)
class Writer:
    """Who writes progressive documents; `node` on Node, `without` are the documents it has no form for."""

    key: str
    label: str
    node: bool = False
    without: dict[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    """The documents that it is measured with; all if there are none."""


_NAIVE: Final = (Target("naive", most=0.6),)
_ORJSON: Final = (Target("orjson", most=2.5),)
_LARGE: Final = ("beside", "within")

SHAPES: Final = (
    Shape("wide-10", "{count:,} wide", "wide", 10, 10, targets=_NAIVE),
    Shape("wide-1000", "{count:,} wide", "wide", 1000, 1000, targets=_NAIVE),
    Shape("wide-10000", "{count:,} wide", "wide", 10_000, 2000, targets=_NAIVE),
    Shape("wide-100000", "{count:,} wide", "wide", 100_000, 5000, targets=_NAIVE),
    Shape("deep", "{count:,} deep", "deep", 1000, 200, targets=_NAIVE),
    Shape("beside", "{count} MB, 10 holes beside its lists", "beside", 10, 1, targets=_ORJSON, extra=25),
    Shape("within", "{count} MB, 10 holes in a list", "within", 10, 1, targets=_ORJSON, extra=25),
    Shape("pushes", "a list of {count:,} pushes", "pushes", 100_000, 5000),
    Shape("text", "a text of {count:,} deltas", "text", 100_000, 5000),
    Shape("server", "over uvicorn, {count:,} wide", "", 10_000, 2000),
)
WRITERS: Final = (
    Writer("ours", "tailrace"),
    Writer("ours-all", "tailrace, all at a time", only=("wide",)),
    Writer(
        "naive",
        "naive, version 1",
        without={"pushes": "has no lists that grow", "text": "has no texts that grow"},
    ),
    Writer("trpc", "tRPC", node=True, without={"within": "sends a promise in a list as {}"}),
    Writer("turbo", "turbo-stream", node=True),
    Writer("orjson", "orjson, nothing missing", only=_LARGE),
)
AHEAD_TARGETS: Final = (Target("trpc", most=1.0), Target("turbo", most=1.0))
READER_TARGET: Final = Target("the writer", most=0.5)
LINEAR_TARGET: Final = Target("wide-1000", most=1.5)
"""Of the time for a hole among 100,000."""


@dataclass(frozen=True)
class Reading:
    """A body that is read: `kind` is what `bench.peers.streams` makes, `size` the bytes of a chunk, 0 an event."""

    key: str
    label: str
    kind: str
    count: int
    quick: int
    """`count` where all that is asked is whether it runs."""
    size: int
    targets: tuple[Target, ...] = ()
    """Of events per second; of the time, where the target is an upper bound."""

    @property
    def rows(self) -> bool:
        """Whether it is NDJSON."""
        return "rows" in self.kind


@dataclass(frozen=True)
class Reader:
    """Who reads; `node` on Node, `rows` NDJSON."""

    key: str
    label: str
    node: bool = False
    rows: bool = False


_TWICE: Final = (Target("httpx-sse", least=2.0), Target("httpx2", least=3.0))
_READY: Final = (Target("ready", most=1.3),)
_FULL: Final = "id + event + data"

READINGS: Final = (
    Reading("full-4096", f"{_FULL}, 4 KiB", "full", 50_000, 5000, 4096, _TWICE),
    Reading("data-4096", "data only, 4 KiB", "data", 50_000, 5000, 4096, _TWICE),
    Reading(
        "full-each", f"{_FULL}, one per chunk", "full", 50_000, 5000, 0, (Target("httpx-sse", least=1.2),)
    ),
    Reading("data-each", "data only, one per chunk", "data", 50_000, 5000, 0),
    Reading("large-4096", "2 KB data, 4 KiB", "large", 10_000, 1000, 4096, (Target("httpx-sse", least=1.0),)),
    Reading("many-4096", "20 data lines, 4 KiB", "many", 10_000, 1000, 4096),
    Reading("full-64", f"{_FULL}, 64 bytes", "full", 50_000, 5000, 64),
    Reading("full-65536", f"{_FULL}, 64 KiB", "full", 50_000, 5000, 65_536),
    Reading("one-10000", "{count:,} data lines in one event, 4 KiB", "one", 10_000, 1000, 4096),
    Reading("one-80000", "{count:,} data lines in one event, 4 KiB", "one", 80_000, 8000, 4096),
    Reading("long-2", "a line of {count} MB, 4 KiB", "long", 2, 1, 4096),
    Reading("long-16", "a line of {count} MB, 4 KiB", "long", 16, 2, 4096),
    Reading("rows-4096", "NDJSON, 4 KiB", "rows", 50_000, 5000, 4096, _READY),
    Reading("rows-64", "NDJSON, 64 bytes", "rows", 50_000, 5000, 64),
    Reading("rows-65536", "NDJSON, 64 KiB", "rows", 50_000, 5000, 65_536, _READY),
    Reading("large-rows", "NDJSON, rows of 2 KB, 4 KiB", "large-rows", 5000, 500, 4096, _READY),
)
READERS: Final = (
    Reader("ours", "tailrace"),
    Reader("httpx-sse", "httpx-sse"),
    Reader("httpx2", "httpx2"),
    Reader("launchdarkly", "launchdarkly-eventsource"),
    Reader("sseclient-py", "sseclient-py"),
    Reader("aiohttp-sse-client2", "aiohttp-sse-client2"),
    Reader("eventsource-parser", "eventsource-parser on Node", node=True),
    Reader("our-rows", "tailrace", rows=True),
    Reader("ready", "orjson.loads of ready lines", rows=True),
    Reader("lines-orjson", "httpx2's iter_lines, orjson", rows=True),
    Reader("lines-json", "httpx2's iter_lines, json", rows=True),
)
READ_AHEAD_TARGET: Final = Target("any reader of Python", least=1.0)
READ_LINEAR_TARGETS: Final = {
    "one-80000": Target("one-10000", most=1.5),
    "long-16": Target("long-2", most=1.5),
}
"""Of the time for a line or a megabyte."""
