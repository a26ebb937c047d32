"""Version 1 of progressive JSON as it is written by hand: a walk, a task for each awaitable, a send for each line."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import orjson


def _line(number: str | None, content: Any, *, first: bool = False, last: bool = False) -> bytes:
    record = {"placeholder_id": number, "data": content, "is_initial": first, "is_final": last, "error": None}
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


class _Walk:
    def __init__(self) -> None:
        self.numbers: dict[asyncio.Task[Any], str] = {}
        self.found: set[asyncio.Task[Any]] = set()

    def replaced(self, value: Any) -> Any:
        """The same with a placeholder for each awaitable, which has a task."""
        if isinstance(value, dict):
            return {key: self.replaced(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.replaced(element) for element in value]
        if not inspect.isawaitable(value):
            return value
        task = asyncio.ensure_future(value)
        self.found.add(task)
        number = self.numbers[task] = f"${len(self.numbers) + 1}"
        return number


async def answer(document: Any, send: Any) -> None:
    """Write the document."""
    headers = [(b"content-type", b"application/x-progressive-json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(line: bytes) -> None:
        await send({"type": "http.response.body", "body": line, "more_body": True})

    walk = _Walk()
    await write(_line(None, walk.replaced(document), first=True))
    while walk.found:
        done, walk.found = await asyncio.wait(walk.found, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await write(_line(walk.numbers[task], walk.replaced(task.result())))
    await write(_line(None, None, last=True))
    await send({"type": "http.response.body"})
