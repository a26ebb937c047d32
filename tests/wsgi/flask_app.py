"""A Flask application as its page says to write one; its sources go on when they are told to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, current_app, g, request, session, url_for

from tailrace import Abort, Delivery, Event, EventStream, Problem
from tailrace.wsgi import Stream, drain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from flask import Response

WITHIN = 10.0

app = Flask(__name__)
app.secret_key = "for tests only"  # noqa: S105 - it keeps no secret
wsgi = app.wsgi_app
app.wsgi_app = drain(wsgi, grace=5)  # type: ignore[method-assign]  # as Flask's documentation says to

gate = threading.Semaphore(0)
happened: list[str] = []


@app.post("/go")
def go() -> str:
    gate.release()
    return "gone"


@app.get("/happened")
def tell() -> list[str]:
    return happened


@app.after_request
def mark(response: Response) -> Response:
    response.headers["X-Marked"] = "by the application"
    return response


@app.teardown_appcontext
def put_away(_: BaseException | None) -> None:
    if "name" in g:
        happened.append(f"teardown of {g.name}")


def gated() -> Iterator[dict[str, Any]]:
    """The second item is made when somebody has posted to /go."""
    try:
        for n in range(3):
            yield {"n": n}
            if n == 0:
                gate.acquire(timeout=WITHIN)
    finally:
        happened.append("closed")


@app.get("/rows")
def rows() -> Any:
    return Stream(gated(), headers={"X-Own": "yes"})


@app.get("/async")
async def rows_async() -> Any:
    async def items() -> AsyncIterator[dict[str, Any]]:
        for n in range(3):
            yield {"n": n, "path": request.path}

    return Stream(items())


@app.get("/context/<name>")
def context(name: str) -> Any:
    g.name = session["name"] = name

    def items() -> Iterator[dict[str, Any]]:
        yield {}
        gate.acquire(timeout=WITHIN)
        yield {
            "q": request.args["q"],
            "app": current_app.name,
            "g": g.name,
            **session,
            "url": url_for("tell"),
        }

    return Stream(items())


@app.get("/failing")
def failing() -> Any:
    def items() -> Iterator[dict[str, int]]:
        yield from ({"n": n} for n in range(3))
        raise RuntimeError("a secret")

    return Stream(items())


@app.get("/missing/<how>")
def missing(how: str) -> Any:
    if how == "before":
        abort(404)

    def items() -> Iterator[dict[str, int]]:
        if how == "in-flasks-words":
            abort(404)
        raise Abort(Problem(title="Not Found", status=404, detail="no such thing"))
        yield {}

    return Stream(items())


@app.get("/endless")
def endless() -> Any:
    async def items() -> AsyncIterator[Event]:
        import asyncio  # noqa: PLC0415 - what only this one needs

        try:
            yield Event({"n": 0}, id="1")
            await asyncio.Event().wait()
        finally:
            happened.append("endless closed")

    return Stream(items(), formats=[EventStream()], delivery=Delivery(keep_alive=0.05))
