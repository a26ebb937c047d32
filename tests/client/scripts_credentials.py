"""Credentials that are old: asked for once more, at a 401."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from tailrace.errors import StreamFailed
from tests.client.script import (
    ASK,
    EVENTS,
    LAST,
    Script,
    Wrong,
    chunk,
    ending,
    get,
    numbered,
    put,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.client.script_server import ScriptServer

from tests.client.scripts_status import answer, failed

UNAUTHORIZED: Final = answer("401 Unauthorized", json.dumps({"detail": "Expired"}).encode())


def tokens(*, later: bool = False) -> Callable[[ScriptServer], Mapping[str, Any]]:
    """Headers that are others for every connection."""

    def options(_: ScriptServer) -> Mapping[str, Any]:
        numbers = itertools.count(1)

        def headers() -> dict[str, str]:
            return {"Authorization": f"Bearer {next(numbers)}"}

        async def headers_later() -> dict[str, str]:
            return headers()

        return {"headers": headers_later if later else headers}

    return options


SCRIPTS: Final = [
    Script(
        "401-is-tried-once-more-with-other-headers",
        [UNAUTHORIZED, ending()],
        requests=[get(authorization="Bearer 1"), get(authorization="Bearer 2")],
        options=tokens(),
        news="opened closed",
    ),
    Script(
        "401-twice-stops",
        [UNAUTHORIZED] * 2,
        error=failed(title="Unauthorized", status=401, detail="Expired"),
        requests=[get(authorization="Bearer 1"), get(authorization="Bearer 2")],
        options=tokens(),
        news="closed:StreamFailed",
    ),
    Script(
        "401-twice-with-another-failure-between-stops",
        [UNAUTHORIZED, answer("503 Service Unavailable"), UNAUTHORIZED],
        error=Wrong(StreamFailed, ("Unauthorized (401)",)),
        options=tokens(),
    ),
    Script(
        "401-once-more-behind-each-good-connection",
        [UNAUTHORIZED, (ASK, EVENTS + chunk(numbered(1)) + LAST), UNAUTHORIZED, ending(numbered(2))],
        [1, 2],
        requests=[
            get(last_event_id=cursor, authorization=f"Bearer {n}")
            for n, cursor in enumerate([None, None, "1", "1"], 1)
        ],
        options=tokens(),
    ),
    Script(
        "401-with-the-same-headers-stops",
        [UNAUTHORIZED],
        error=Wrong(StreamFailed, ("Unauthorized (401): Expired",)),
        options={"headers": {"Authorization": "Bearer 1"}},
    ),
    Script(
        "401-is-tried-once-more-without-resume-and-with-a-body",
        [UNAUTHORIZED, ending()],
        requests=[put("POST", b"{}", authorization="Bearer 1"), put("POST", b"{}", authorization="Bearer 2")],
        options=lambda server: {**tokens()(server), "method": "POST", "json": {}},
        resume=False,
    ),
    Script(
        "headers-of-a-coroutine-function",
        [UNAUTHORIZED, (ASK, EVENTS + chunk(numbered(1)) + LAST), ending(numbered(2))],
        [1, 2],
        requests=[
            get(last_event_id=cursor, authorization=f"Bearer {n}")
            for n, cursor in enumerate([None, None, "1"], 1)
        ],
        options=tokens(later=True),
        only="async",
    ),
]
