"""`Stream` as it is used in each framework; checked by mypy and pyright, never run."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, assert_type

import fastapi
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

import tailrace.asgi
import tailrace.fastapi
import tailrace.starlette
from tailrace import JSON, NDJSON, Abort, Delivery, Event, EventStream, Offer, Outcome, Problem


@dataclass
class Row:
    id: int


async def rows() -> AsyncIterator[Row]:
    yield Row(1)


def ticks() -> Iterator[Event]:
    yield Event("tick", id="1", event="clock", retry=1000, comment="a clock")


def finished(outcome: Outcome) -> None:
    assert_type(outcome.items, int)
    assert_type(outcome.first_item, float | None)


async def finished_later(outcome: Outcome) -> None:
    finished(outcome)


# A bare ASGI application.
bare: ASGIApp = tailrace.asgi.Stream(rows())
tailrace.asgi.Stream([1, "two", {"three": 3}], 201, {"X-Rows": "3"}, on_finish=finished_later)

# Starlette: a response like any other.
response: Response = tailrace.starlette.Stream(
    ticks(),
    status_code=202,
    headers={"X-Rows": "1"},
    background=BackgroundTask(print, "done"),
    formats=[EventStream(retry=2000), NDJSON(end=True)],
    encoder=json.JSONEncoder,
    delivery=Delivery(commit_after=0.5, keep_alive=None, max_duration=60),
    on_finish=finished,
)


async def endpoint(_: Request) -> Response:
    return tailrace.starlette.Stream(
        rows(), formats=Offer(JSON(), NDJSON(), query="format"), encoder=repr_json
    )


def repr_json(value: Any) -> bytes:
    return json.dumps(value, default=repr).encode()


routes = [Route("/rows", endpoint)]
app = fastapi.FastAPI()


@app.get("/rows")
async def returned(limit: int) -> tailrace.fastapi.Stream:
    if limit < 0:
        raise Abort(Problem(title="Bad limit", status=422, detail="below 0", extensions={"limit": limit}))
    return tailrace.fastapi.Stream(rows())


@app.get("/yielded", response_class=tailrace.fastapi.Stream)
async def yielded() -> AsyncIterator[Row]:
    yield Row(1)
