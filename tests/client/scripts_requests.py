"""What goes out: where to, and with which words."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from tailrace import CSV, NDJSON, Document
from tailrace.errors import DecodeError, StreamFailed
from tests.client.script import (
    ASK,
    EVENTS,
    LAST,
    RESET,
    Elsewhere,
    Handed,
    Script,
    Wrong,
    chunk,
    ending,
    event,
    get,
    numbered,
    put,
    sized,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.client.script import Step
    from tests.client.script_server import ScriptServer

CUT: Final = (ASK, EVENTS + chunk(numbered(1)), Handed(1), RESET)
BARE: Final = (ASK, EVENTS + chunk(event("1")), Handed(1), RESET)
LINE: Final = (ASK, sized("application/x-ndjson", b"1\n"))


def to(url: str, status: str = "302 Found") -> tuple[Step, ...]:
    """A redirect."""
    return (ASK, sized(None, b"", f"Location: {url}", status=status))


SECRETS: Final = {
    "Authorization": "Bearer 1",
    "X-API-Key": "2",
    "Cookie": "session=3",
    "Proxy-Authorization": "Basic 4",
}
TOLD: Final = {"authorization": "Bearer 1", "x_api_key": "2", "cookie": "session=3"}
HIDDEN: Final = dict.fromkeys(["authorization", "x-api-key", "cookie", "proxy-authorization"])

REDIRECTS: Final = [
    *[
        Script(
            f"redirect-{status[:3]}-and-back-to-the-first",
            [to("/b?c=1", status), CUT, to("{here}d", status), ending(numbered(2))],
            [1, 2],
            requests=[get("/a"), get("/b?c=1"), get("/a", last_event_id="1"), get("/d", last_event_id="1")],
            news="opened again:1 opened closed",
            options={"target": "/a"},
        )
        for status in (
            "301 Moved Permanently",
            "302 Found",
            "303 See Other",
            "307 Temporary Redirect",
            "308 Permanent Redirect",
        )
    ],
    Script(
        "redirect-loop-stops",
        [to("/")] * 21,
        error=Wrong(StreamFailed, ("Found",)),
        news="closed:StreamFailed",
    ),
    Script(
        "redirect-to-nowhere-stops",
        [(ASK, sized(None, b"", status="302 Found"))],
        error=Wrong(StreamFailed, ("Found",)),
        requests=[get()],
    ),
    Script(
        "redirect-to-what-is-no-web-stops",
        [to("ftp://example.org/")],
        error=Wrong(StreamFailed, ("Found",)),
        requests=[get()],
    ),
    Script(
        "redirect-keeps-secrets-at-home",
        [to("/b"), to("{other}c"), Elsewhere(CUT), to("/b"), ending(numbered(2))],
        [1, 2],
        requests=[
            get(**TOLD),
            get("/b", authorization="Bearer 1", x_api_key="2"),
            get("/c", **HIDDEN),
            get(last_event_id="1", **TOLD),
            get("/b", last_event_id="1", authorization="Bearer 1", x_api_key="2"),
        ],
        options={"headers": SECRETS},
    ),
    Script(
        "redirect-tells-others-where-to-go-on",
        [to("{other}"), Elsewhere(ending(numbered(6)))],
        [6],
        requests=[get(last_event_id="5", **TOLD), get(last_event_id="5", **HIDDEN)],
        options={"headers": SECRETS, "last_event_id": "5"},
    ),
    Script(
        "redirect-there-and-back-has-no-secrets",
        [to("{other}"), Elsewhere(to("{here}b")), ending()],
        requests=[get(**TOLD), get(**HIDDEN), get("/b", **HIDDEN)],
        options={"headers": SECRETS},
    ),
    Script(
        "redirect-keeps-auth-at-home",
        [to("/b"), to("{other}"), Elsewhere(ending())],
        requests=[
            get(authorization="Basic bWU6eW91"),
            get("/b", authorization="Basic bWU6eW91"),
            get(authorization=None),
        ],
        options={"auth": ("me", "you")},
    ),
    Script(
        "redirect-307-keeps-method-and-body",
        [to("/", "307 Temporary Redirect"), ending()],
        requests=[put("POST", b'{"a":1}')] * 2,
        options={"method": "POST", "json": {"a": 1}},
    ),
    Script(
        "redirect-303-is-a-get",
        [to("/", "303 See Other"), ending()],
        requests=[put("POST", b'{"a":1}'), get(content_length=None)],
        options={"method": "POST", "json": {"a": 1}},
    ),
]


def counted(*, later: bool = False) -> Callable[[ScriptServer], Mapping[str, Any]]:
    """Parameters that are others for every connection."""

    def options(_: ScriptServer) -> Mapping[str, Any]:
        numbers = itertools.count(1)

        def params() -> dict[str, int]:
            return {"n": next(numbers)}

        async def params_later() -> dict[str, int]:
            return params()

        return {"params": params_later if later else params}

    return options


WORDS: Final = [
    Script(
        "params-are-asked-for-each-time",
        [CUT, (ASK, RESET), ending()],
        [1],
        requests=[get("/?n=1"), get("/?n=2", last_event_id="1"), get("/?n=3", last_event_id="1")],
        options=counted(),
    ),
    Script(
        "params-of-a-coroutine-function",
        [CUT, ending()],
        [1],
        requests=[get("/?n=1"), get("/?n=2", last_event_id="1")],
        options=counted(later=True),
        only="async",
    ),
    Script(
        "params-that-stay",
        [CUT, ending()],
        [1],
        requests=[get("/?a=1&a=2"), get("/?a=1&a=2", last_event_id="1")],
        options={"params": {"a": [1, 2]}},
    ),
    Script(
        "accepts-what-the-format-is",
        [(ASK, sized("text/plain", b"1\n"))],
        [1],
        requests=[get(accept="application/x-ndjson, application/jsonl, application/ndjson, */*;q=0.1")],
        options={"format": NDJSON()},
    ),
    Script(
        "accepts-what-the-user-says",
        [LINE],
        [1],
        requests=[get(accept="text/csv", user_agent="me")],
        options={"headers": {"Accept": "text/csv", "User-Agent": "me"}},
    ),
    Script(
        "format-overrules",
        [(ASK, sized("application/octet-stream", b"a;b\n1;2\n"))],
        [{"a": "1", "b": "2"}],
        options={"format": CSV(delimiter=";")},
    ),
    Script(
        "a-document-is-asked-for-as-one",
        [(ASK, sized("application/json", b"[1]"))],
        [],
        value=[1],
        type=Document,
    ),
    Script(
        "an-id-that-no-header-can-hold-stops",
        [(ASK, EVENTS + chunk(event("1", id="a\x01b")) + LAST)],
        [1],
        error=Wrong(DecodeError, ("cannot be sent back",)),
        last="a\x01b",
    ),
]

SCRIPTS: Final = [*REDIRECTS, *WORDS]
