"""The nouns: values that do not change, shared by every format and framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

MiB: Final = 1024 * 1024

Reason = Literal[
    "complete",
    "failed",
    "disconnected",
    "send_timeout",
    "max_duration",
    "drained",
    "cancelled",
    "head",
    "not_started",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document (RFC 9457). `ref` names the log entry that has the details."""

    title: str
    status: int = 500
    type: str = "about:blank"
    detail: str | None = None
    instance: str | None = None
    ref: str | None = None
    extensions: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if not _is_status(self.status):
            raise ValueError(f"Problem(status={self.status!r}): expected an HTTP status code, 100 to 599")
        overridden = self.extensions.keys() & _PROBLEM_MEMBERS.keys()
        if overridden:
            raise ValueError(
                f"Problem(extensions=…): {', '.join(sorted(overridden))} are members of their own"
            )

    def members(self) -> dict[str, Any]:
        """The members of the JSON object, without those that say nothing."""
        named = {
            "type": None if self.type == "about:blank" else self.type,
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
            "instance": self.instance,
            "ref": self.ref,
        }
        return {name: value for name, value in named.items() if value is not None} | self.extensions

    @classmethod
    def of(cls, members: dict[str, Any]) -> Problem:
        """The problem that a JSON object describes; members of a wrong type are ignored, as RFC 9457 says."""
        known: dict[str, Any] = {
            name: members[name]
            for name, kind in _PROBLEM_MEMBERS.items()
            if name in members
            and isinstance(members[name], kind)
            and (name != "status" or _is_status(members[name]))
        }
        known.setdefault("title", "Unknown problem")
        extensions = {name: value for name, value in members.items() if name not in _PROBLEM_MEMBERS}
        return cls(**known, extensions=extensions)


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in range(100, 600)


_PROBLEM_MEMBERS: Final = {
    "type": str,
    "title": str,
    "status": int,
    "detail": str,
    "instance": str,
    "ref": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a decoder accepts before it raises `LimitExceeded`: bytes, and levels of nesting.

    `line` bounds an NDJSON record, a text of a sequence, a row of CSV or an SSE line, `event` an SSE
    event or an array's element, `total` the whole body (None: no bound), `depth` the nesting of JSON, and
    `holes` the parts of a progressive document that are open at a time, and the places of those that failed.
    """

    line: int = 16 * MiB
    event: int = 16 * MiB
    total: int | None = None
    depth: int = 512
    holes: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a stream is delivered; all times in seconds.

    `commit_after`: how long the status waits for the first item (or an error, which is then a real 404 or 500).
    `keep_alive`: after how long without a byte one is sent, where the format has room for it; None: never.
    `send_timeout`: how long one `send` may be held back before the source is closed, and again before the
    rest is given up; None: for ever.
    `max_duration`: the longest a stream may last; None: no limit.
    `compression`: what the body may be compressed with where the request accepts it, the preferred one first:
    "zstd" (before Python 3.14 with `tailrace[zstd]`), "gzip".
    `cleanup_timeout`: how long the source's `finally` may take once it is interrupted, and then `on_finish`.
    """

    commit_after: float = 1.0
    keep_alive: float | None = 15.0
    send_timeout: float | None = 30.0
    max_duration: float | None = None
    cleanup_timeout: float = 10.0
    compression: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, least in _LEAST_SECONDS.items():
            value: Any = getattr(self, name)
            if value is None and name in _OPTIONAL_SECONDS:
                continue
            if not are_seconds(value, least):
                never = " or None" if name in _OPTIONAL_SECONDS else ""
                raise ValueError(f"Delivery({name}={value!r}): expected seconds, from {least:g}{never}")
        codings: Any = self.compression
        if not isinstance(codings, tuple) or not set(CODINGS).issuperset(map(str, codings)):  # pyright: ignore[reportUnknownArgumentType] - of anything
            raise ValueError(
                f"Delivery(compression={codings!r}): expected a tuple of {' and '.join(map(repr, CODINGS))}, "
                "the preferred one first"
            )


def are_seconds(value: Any, least: float) -> bool:
    """Whether a user has given a number of seconds, from the least on."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least


CODINGS: Final = ("zstd", "gzip")
"""What a stream may be compressed with, the cheapest first."""


_LEAST_SECONDS: Final = {
    "commit_after": 0.0,
    "keep_alive": 0.001,
    "send_timeout": 0.001,
    "max_duration": 0.001,
    "cleanup_timeout": 0.0,
}
_OPTIONAL_SECONDS: Final = frozenset({"keep_alive", "send_timeout", "max_duration"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a stream ended, for `on_finish`.

    `items` counts what the source gave, `bytes` what the server was given. `first_item` is the time until
    the first item, None without one; `stalled` how long the server held sends back; `duration` the whole; in seconds.
    `failed_parts` counts the parts of a document that failed and left the rest alone: it is complete with them.
    """

    reason: Reason
    items: int = 0
    bytes: int = 0
    first_item: float | None = None
    stalled: float = 0.0
    duration: float = 0.0
    error: BaseException | None = None
    failed_parts: int = 0
