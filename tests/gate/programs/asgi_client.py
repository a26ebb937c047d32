"""Ask an ASGI application for something, with nothing but the standard library."""

from __future__ import annotations

import asyncio
from typing import Any


async def _ask(app: Any, accept: str) -> tuple[str, str]:
    sent: list[dict[str, Any]] = []
    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for request in requests:
            return request
        return await asyncio.Future()  # the client stays

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"test"), (b"accept", accept.encode())],
        "client": None,
        "server": ("test", 80),
    }
    await app(scope, receive, send)
    headers = dict(sent[0]["headers"])
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return headers[b"content-type"].decode(), body.decode()


def ask(app: Any, accept: str) -> None:
    """Print the content type and the body of the answer."""
    content_type, body = asyncio.run(_ask(app, accept))
    print(content_type)
    print(body.rstrip("\n"))
