"""Streams of tailrace's own on FastAPI, in each of its formats: whole, and failing half way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from tailrace import CSV, JSON, NDJSON, Abort, Delivery, EventStream, JSONSeq, Problem, Progressive
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tailrace.formats import Format

COUNT = 5
HALF = 3
FORMATS: dict[str, Format] = {
    "lines": NDJSON(),
    "lines with an end": NDJSON(end=True),
    "array": JSON(),
    "sequence": JSONSeq(),
    "table": CSV("n", "name"),
    "events": EventStream(),
    "growing list": Progressive(),
    "list, version 1": Progressive(version=1),
}
DOCUMENT_FORMATS: dict[str, Format] = {
    "finished": JSON(),
    "version 1": Progressive(version=1),
    "version 2": Progressive(),
    "events": EventStream(),
}
AT_ONCE = Delivery(commit_after=0)
FAILURE = Abort(Problem(title="The store is gone", status=502))


def row(number: int) -> dict[str, Any]:
    return {"n": number, "name": f'Zoë "{number}"\n\u2028'}


async def rows(*, fails: bool) -> AsyncIterator[dict[str, Any]]:
    for number in range(COUNT):
        if fails and number == HALF:
            raise FAILURE
        yield row(number)
        await asyncio.sleep(0)


async def soon(value: Any, *, fails: bool = False) -> Any:
    await asyncio.sleep(0.001)
    if fails:
        raise FAILURE
    return value


def page(*, fails: bool) -> dict[str, Any]:
    return {
        "now": 1,
        "user": soon({"name": "Zoë"}),
        "place": soon("here", fails=fails),
        "rows": rows(fails=False),
    }


PAGE = {"now": 1, "user": {"name": "Zoë"}, "place": "here", "rows": [row(number) for number in range(COUNT)]}


def create_app(*, middleware: bool = False) -> FastAPI:
    """The app; with `middleware` a transfer that was given up looks complete."""
    app = FastAPI()

    @app.get("/items")
    async def any_items(*, fails: bool = False) -> Stream:
        return Stream(rows(fails=fails), delivery=AT_ONCE)

    @app.get("/items/{name}")
    async def items(name: str, *, fails: bool = False) -> Stream:
        return Stream(rows(fails=fails), formats=[FORMATS[name]], delivery=AT_ONCE)

    @app.get("/page")
    async def any_page(*, fails: bool = False) -> Stream:
        return Stream(page(fails=fails), delivery=AT_ONCE)

    @app.get("/page/{name}")
    async def one_page(name: str, *, fails: bool = False) -> Stream:
        return Stream(page(fails=fails), formats=[DOCUMENT_FORMATS[name]], delivery=AT_ONCE)

    if middleware:

        @app.middleware("http")
        async def through(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            return await call_next(request)

    return app
