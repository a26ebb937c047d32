"""The sources behind tailrace, with whatever a test wants to set."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator  # noqa: TC003 - FastAPI reads the annotations
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import BackgroundTasks, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.routing import Route

from tailrace import (
    CSV,
    JSON,
    NDJSON,
    Abort,
    Bytes,
    Delivery,
    Event,
    EventStream,
    Problem,
    Text,
    asgi,
    starlette,
)
from tailrace.fastapi import Stream
from tailrace.formats import Format  # noqa: TC001 - for the annotation, which FastAPI may read

from . import documents
from .dependencies import Recorded, router
from .record import Run, add_middleware, add_probes, run_named
from .sources import source, who

app: Final = FastAPI()
add_probes(app)
add_middleware(app)
app.include_router(router)
app.include_router(documents.router)

TIMES: Final = ("commit_after", "keep_alive", "send_timeout", "max_duration", "cleanup_timeout")
FORMATS: Final[dict[str, Format]] = {"text": Text(), "bytes": Bytes(), "ndjson-end": NDJSON(end=True)}


class Teapot(Exception):
    """An exception that the application has a handler for."""


@app.exception_handler(Teapot)
async def teapot(request: Request, error: Exception) -> Response:
    assert isinstance(error, Teapot)
    return JSONResponse({"teapot": request.url.path}, status_code=418)


def delivery(request: Request) -> Delivery:
    """What the query sets."""
    query = request.query_params
    times = {name: float(query[name]) for name in TIMES if name in query}
    return Delivery(compression=("zstd", "gzip") if "compress" in query else (), **times)


Timed = Annotated[Delivery, Depends(delivery)]


@app.api_route("/stream/{name}", methods=["GET", "HEAD"])
async def stream(name: str, run: Recorded, times: Timed) -> Stream:
    return Stream(source(name, run), delivery=times, on_finish=run.finished)


@app.get("/plain-def/{name}")
def plain_def(name: str, run: Recorded, times: Timed) -> Stream:
    """A `def` route: FastAPI runs it in its own pool of threads."""
    who.set("a def handler")
    return Stream(source(name, run), delivery=times, on_finish=run.finished)


@app.get("/as/{format_name}/{name}")
async def in_one_format(format_name: str, name: str, run: Recorded) -> Stream:
    async def pieces() -> AsyncIterator[Any]:
        async for item in source(name, run):
            piece = f"{item['n']}\n"
            yield piece.encode() if format_name == "bytes" else item if format_name == "ndjson-end" else piece

    return Stream(pieces(), formats=[FORMATS[format_name]])


@app.get("/yielding", response_class=Stream)
async def yielding(run: Recorded) -> AsyncIterator[Any]:
    async for item in source("some", run):
        yield item


@app.get("/yielding-sync", response_class=Stream)
def yielding_sync(run: Recorded) -> Iterator[Any]:
    yield from source("some_sync", run)


@app.get("/raises/{kind}")
async def raises(kind: str, run: Recorded) -> Stream:
    async def rows() -> AsyncIterator[Any]:
        if kind == "abort":
            raise Abort(
                Problem(title="Come back tomorrow", status=409, detail="on purpose", extensions={"day": 2})
            )
        raise Teapot
        yield

    return Stream(rows(), on_finish=run.finished)


@app.get("/raises-later/abort")
async def aborts_later() -> Stream:
    async def rows() -> AsyncIterator[Any]:
        yield {"n": 0}
        raise Abort(Problem(title="Come back tomorrow", status=409))

    return Stream(rows())


@app.get("/decorated")
async def decorated(run: Recorded) -> Stream:
    answer = Stream(
        source("some", run),
        status_code=203,
        headers={"X-Own": "mine", "Vary": "Cookie", "Cache-Control": "private"},
        background=BackgroundTask(run.notes.append, "background"),
    )
    answer.headers["x-merged"] = "yes"
    answer.set_cookie("flavour", "oat")
    return answer


async def decorations(run: Recorded, response: Response, tasks: BackgroundTasks) -> None:
    """In a dependency: the body of a route that yields runs when FastAPI has merged the headers already."""
    response.headers["x-own"] = "mine"
    response.headers["x-merged"] = "yes"
    response.headers["vary"] = "Cookie"
    response.headers["cache-control"] = "private"
    response.set_cookie("flavour", "oat")
    tasks.add_task(run.notes.append, "background")


@app.get("/decorated-yielding", response_class=Stream, status_code=203, dependencies=[Depends(decorations)])
async def decorated_yielding(run: Recorded) -> AsyncIterator[Any]:
    async for item in source("some", run):
        yield item


@app.get("/context/{name}")
async def context(name: str, run: Recorded) -> Stream:
    who.set("the handler")
    return Stream(source(name, run))


VALUES: Final[dict[str, Any]] = {
    "nan": {"v": [float("nan"), float("inf"), -float("inf")]},
    "separators": {"v": "a\u2028b\u2029c\u0085d"},
    "dict": {"data": {"a": 1}, "sep": "kept"},
    "event-dict": Event({"a": 1}),
    "lines": Event("a\ndata: b\r\nid: 7\r\revent: end"),
}


@app.get("/value/{name}")
async def value(name: str) -> Stream:
    return Stream([VALUES[name]])


@app.get("/reused-dict")
async def reused_dict(run: Recorded) -> Stream:
    """A source may reuse its dict, and finds it as it left it."""
    item: dict[str, Any] = {"n": 0}

    async def rows() -> AsyncIterator[Any]:
        for n in range(3):
            item["n"] = n
            yield item
            run.notes.append(dict(item))

    return Stream(rows())


@app.get("/bad-field/{field}")
async def bad_field(field: str, text: str, *, later: bool = False) -> Stream:
    fields: dict[str, Any] = {field: text}

    async def rows() -> AsyncIterator[Any]:
        if later:
            yield Event("fine")
        yield Event("x", **fields)

    return Stream(rows(), formats=[EventStream()])


@app.get("/file")
async def file(run: Recorded, name: str, source_name: str = "some") -> Stream:
    return Stream(source(source_name, run), formats=[CSV()], filename=name)


@app.get("/bad-header")
async def bad_header(run: Recorded, text: str) -> Stream:
    return Stream(source("some", run), headers={"x-note": text})


@app.post("/upload/{name}")
async def upload(name: str, run: Recorded, times: Timed) -> Stream:
    """Never looks at the request's body."""
    return Stream(source(name, run), delivery=times, on_finish=run.finished)


@app.post("/reads-early")
async def reads_early(request: Request) -> Stream:
    body = await request.body()

    async def rows() -> AsyncIterator[Any]:
        yield {"length": len(body)}

    return Stream(rows())


@app.post("/lazy/{kind}")
async def lazy(kind: str, run: Recorded, request: Request) -> Stream:
    """Reads the request's body only while the response is under way."""

    async def rows() -> AsyncIterator[Any]:
        if kind == "first":
            yield {"length": len(await request.body())}
        else:
            yield {"length": -1}
            yield {"length": len([chunk async for chunk in request.stream()])}

    return Stream(rows(), on_finish=run.finished)


async def _bare(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    """`tailrace.asgi.Stream` without a framework, its sends counted."""
    query = parse_qs(scope["query_string"].decode())
    run = run_named(query["run"][0])

    async def counted(message: asgi.Message) -> None:
        run.sends += message["type"] == "http.response.body"
        await send(message)

    made = source(scope["path"].rsplit("/", 1)[-1], run)
    await asgi.Stream(made, formats=[NDJSON(), JSON()], on_finish=run.finished)(scope, receive, counted)


async def _raw(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    """What the server itself can do: each lone item sent as it comes."""
    del scope, receive
    run = Run()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    async for item in source("ticks", run):
        line = json.dumps(item).encode() + b"\n"
        await send({"type": "http.response.body", "body": line, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _in_starlette(request: Request) -> Response:
    run = run_named(request.query_params["run"])
    made = source(request.path_params["name"], run)
    return starlette.Stream(made, delivery=delivery(request), on_finish=run.finished)


app.mount("/bare", _bare)
app.mount("/raw", _raw)
app.mount("/in-starlette", Starlette(routes=[Route("/{name}", _in_starlette)]))
