"""Bare ASGI applications: what the server itself costs, and what a loop by hand does."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qsl

import orjson

from bench.peers.rows import BLOCK, PIECE, ROWS, schedule, sync_rows

_LINES = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in ROWS)
_REPEATED = _LINES * 64
_PIECES = [_REPEATED[at : at + PIECE] for at in range(0, len(_REPEATED), PIECE)]


async def _start(send: Any, media_type: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media_type)]})


def _query(scope: Any) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode()))


async def _prebaked(send: Any, count: int) -> None:
    await _start(send, b"application/x-ndjson")
    left = count // BLOCK * len(_LINES)
    while left:
        for piece in _PIECES:
            body = piece[:left]
            left -= len(body)
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if not left:
                break
    await send({"type": "http.response.body"})


async def _floor(send: Any, count: int) -> None:
    await _start(send, b"application/x-ndjson")
    buffer = bytearray()
    for row in sync_rows(count):
        buffer += orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        if len(buffer) >= PIECE:
            await send({"type": "http.response.body", "body": bytes(buffer), "more_body": True})
            buffer.clear()
    await send({"type": "http.response.body", "body": bytes(buffer)})


async def _live(send: Any, tick: str) -> None:
    await _start(send, b"text/event-stream")
    interval, pause = schedule(tick)
    while True:
        body = b'data: {"t":%d}\n\n' % time.monotonic_ns()
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(pause)
        pause = interval


async def app(scope: Any, receive: Any, send: Any) -> None:
    """`/prebaked`, `/floor` and `/live`."""
    if scope["type"] != "http":
        return
    await receive()
    query = _query(scope)
    if scope["path"] == "/prebaked":
        await _prebaked(send, int(query["count"]))
    elif scope["path"] == "/floor":
        await _floor(send, int(query["count"]))
    else:
        await _live(send, query.get("tick", ""))
