"""A wide document over HTTP: ours, and written by hand."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from bench.peers import naive
from bench.peers.documents import wide
from tailrace import Document
from tailrace.asgi import Stream


def _count(scope: Any) -> int:
    return int(dict(parse_qsl(scope["query_string"].decode()))["count"])


async def ours(scope: Any, receive: Any, send: Any) -> None:
    """As it is by default but for the holes that may be open."""
    if scope["type"] == "http":
        count = _count(scope)
        await Stream(Document(wide(count), holes=count))(scope, receive, send)


async def by_hand(scope: Any, receive: Any, send: Any) -> None:
    """Version 1, line by line."""
    if scope["type"] == "http":
        await receive()
        await naive.answer(wide(_count(scope)), send)
