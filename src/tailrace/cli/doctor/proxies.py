"""Who stands between, by what they leave in the headers, and how each is told not to buffer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.cli.doctor.seen import Seen


@dataclass(frozen=True, slots=True)
class Proxy:
    """One that is known by a header field."""

    name: str
    field: str
    pattern: str
    advice: str


@dataclass(frozen=True, slots=True)
class Hint:
    """A field that gave one away."""

    name: str
    evidence: str
    advice: str


_KNOWN: Final = (
    Proxy(
        "nginx",
        "server",
        r"nginx|openresty|tengine",
        "let the application send `X-Accel-Buffering: no`, or set `proxy_buffering off;` for this location",
    ),
    Proxy("Cloudflare", "cf-ray", r".", "turn Response Buffering off for this path"),
    Proxy("CloudFront", "x-amz-cf-id", r".", "see that no function or compression of it collects the body"),
    Proxy(
        "Heroku's router", "via", r"vegur|heroku", "it does not buffer by itself: look at what is behind it"
    ),
    Proxy("Varnish", "x-varnish", r".", "`set beresp.do_stream = true;` in vcl_backend_response"),
    Proxy("Fastly", "x-served-by", r"^cache-", "`set beresp.do_stream = true;` in vcl_fetch"),
    Proxy("Envoy", "x-envoy-upstream-service-time", r".", "take the buffer filter off this route"),
    Proxy("Envoy", "server", r"^envoy", "take the buffer filter off this route"),
    Proxy("Caddy", "via", r"caddy", "`flush_interval -1` in its reverse_proxy"),
    Proxy("Caddy", "server", r"^caddy", "`flush_interval -1` in its reverse_proxy"),
    Proxy("Apache", "server", r"^apache", "`flushpackets=on` behind its ProxyPass"),
    Proxy("IIS with ARR", "x-powered-by", r"ARR", 'set responseBufferLimit="0"'),
    Proxy(
        "Google Frontend",
        "server",
        r"google frontend",
        "App Engine's standard environment does not stream: Cloud Run does",
    ),
    Proxy("Squid", "via", r"squid", "let it tunnel (CONNECT) rather than relay"),
    Proxy("a proxy", "via", r".", "find the setting of it that turns response buffering off"),
)


def hints(*answers: Seen | None) -> list[Hint]:
    """The proxies that have shown themselves, each once."""
    found: dict[str, Hint] = {}
    for answer in answers:
        if answer is not None:
            for hint in _of(answer):
                # `Via` is also the field of those that are known by name.
                if hint.name not in found and not (hint.name == "a proxy" and found):
                    found[hint.name] = hint
    return list(found.values())


def _of(seen: Seen) -> Iterator[Hint]:
    for proxy in _KNOWN:
        value = seen.header(proxy.field)
        if value is not None and re.search(proxy.pattern, value, re.IGNORECASE):
            yield Hint(proxy.name, f"{proxy.field.title()}: {value[:60]}", proxy.advice)


PATIENCE: Final = (
    ("Heroku", 55.0),
    ("nginx (proxy_read_timeout)", 60.0),
    ("AWS ALB", 60.0),
    ("Cloudflare", 100.0),
)
"""Seconds of silence after which each ends a connection, unless it is set otherwise."""
