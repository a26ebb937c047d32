"""What a progressive route owes to FastAPI: everything that a route there has, and a stream."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
import time
from collections.abc import AsyncIterator, Callable  # noqa: TC003 - FastAPI reads the annotations
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import BackgroundTasks, Cookie, Depends, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from tailrace import Abort, Deferred, Document, GrowingText, Problem, defer
from tailrace.dripdrop import DripDrop
from tailrace.fastapi import Stream
from tests.examples.serving import serving, until

V1 = {"accept": "application/x-progressive-json"}
TENANT: contextvars.ContextVar[str] = contextvars.ContextVar("tenant")


async def later(value: Any, seconds: float = 0.002) -> Any:
    await asyncio.sleep(seconds)
    return value


class Wanted(BaseModel):
    name: str
    count: int = 1


class User(BaseModel):
    name: str


class Page(BaseModel):
    user: Deferred[User]


def get(handler: Any, path: str = "/", method: str = "GET", **options: Any) -> httpx2.Response:
    """The finished document of an app with this one route."""
    app = DripDrop()
    app.progressive_route(path, [method], **options)(handler)
    return TestClient(app, raise_server_exceptions=False).request(method, "/", headers={})


def of_acme() -> str:
    return "acme"


def with_everything() -> DripDrop:
    app = DripDrop()

    async def make(
        kind: str,
        wanted: Wanted,
        tenant: Annotated[str, Depends(of_acme)],
        limit: Annotated[int, Query(ge=1)] = 3,
        session: Annotated[str | None, Cookie()] = None,
    ) -> dict[str, Any]:
        return {"given": later([kind, wanted.name, wanted.count, tenant, limit, session])}

    def make_in_a_thread(request: Request, kind: str, wanted: Wanted) -> dict[str, Any]:
        return {"given": [kind, later(wanted.name), request.method, threading.current_thread().name]}

    app.progressive_route("/async/{kind}", methods=["POST", "PUT"])(make)
    app.progressive_route("/sync/{kind}", ["POST"])(make_in_a_thread)
    return app


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_parameters_body_and_dependencies(method: str) -> None:
    client = TestClient(with_everything(), cookies={"session": "s"})
    answer = client.request(method, "/async/books?limit=7", json={"name": "n"})
    assert answer.json() == {"given": ["books", "n", 1, "acme", 7, "s"]}
    assert client.request(method, "/async/books?limit=0", json={"name": "n"}).status_code == 422
    assert client.request(method, "/async/books", json={}).status_code == 422


def test_a_handler_without_async_runs_in_a_thread() -> None:
    answer = TestClient(with_everything()).post("/sync/books", json={"name": "n"})
    assert answer.json()["given"][:3] == ["books", "n", "POST"]
    assert "worker" in answer.json()["given"][3].lower()


class Loader:
    """An object that can be called, as FastAPI takes it."""

    async def __call__(self, wanted: str = "by default") -> dict[str, Any]:
        return {"wanted": later(wanted)}


@pytest.mark.parametrize("handler", [Loader(), functools.partial(Loader(), "partly")], ids=["all", "partly"])
def test_whatever_can_be_called(handler: Any) -> None:
    assert get(handler).json() == {"wanted": "partly" if hasattr(handler, "args") else "by default"}


def test_the_handler_stays_what_it_was() -> None:
    assert DripDrop().progressive_route("/")(later) is later


async def pieces() -> AsyncIterator[str]:
    yield "a"
    yield await later("b")


@pytest.mark.parametrize("handler", [lambda: (yield), pieces])
def test_a_handler_that_yields_is_refused(handler: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="yields"):
        DripDrop().progressive_route("/")(handler)


def tenants() -> Any:
    TENANT.set("acme")

    async def load() -> str:
        return await later(TENANT.get())

    return {"tenant": load()}


TREES: list[tuple[Callable[[], Any], Any]] = [
    (lambda: {"a": later(1), "b": [later({"c": later(2)})]}, {"a": 1, "b": [{"c": 2}]}),
    (lambda: {"a": defer(time.sleep, 0)}, {"a": None}),
    (lambda: {"a": pieces()}, {"a": ["a", "b"]}),
    (lambda: {"a": GrowingText(pieces())}, {"a": "ab"}),
    (lambda: [later(1), 2], [1, 2]),
    (lambda: later({"a": later(1)}), {"a": 1}),
    (lambda: Page(user=later(User(name="Ada"))), {"user": {"name": "Ada"}}),
    (lambda: Document([later(1)], concurrency=1), [1]),
    (tenants, {"tenant": "acme"}),
    (lambda: None, None),
    (lambda: 5, 5),
]


@pytest.mark.parametrize(("tree", "document"), TREES)
def test_trees(tree: Callable[[], Any], document: Any) -> None:
    assert get(tree).json() == document


@pytest.mark.seed("D11")
def test_what_is_ready_after_one_turn_is_inlined() -> None:
    async def ready(value: Any) -> Any:
        return value

    app = DripDrop()
    app.progressive_route("/")(lambda: {"now": ready({"too": ready(1)}), "later": later(1, 0.01)})
    first = TestClient(app).get("/", headers=V1).text.splitlines()[0]
    assert '"data": {"now":{"too":1},"later":"$1"}' in first


def test_a_response_goes_out_as_it_is() -> None:
    assert get(lambda: PlainTextResponse("as it is", 202)).text == "as it is"
    assert get(lambda: Stream([1, 2]), status_code=201).json() == [1, 2]


def headed(response: Response) -> None:
    response.headers["x-from"] = "dependency"
    response.set_cookie("one", "1")


def created(response: Response) -> dict[str, Any]:
    response.status_code = 202
    response.headers["cache-control"] = "max-age=5"
    response.set_cookie("two", "2")
    return {"a": later(1)}


@pytest.mark.parametrize("accept", ["application/json", V1["accept"], "text/html"])
def test_status_headers_and_cookies(accept: str) -> None:
    app = DripDrop()
    app.progressive_route("/", status_code=201, dependencies=[Depends(headed)])(lambda: {"a": later(1)})
    app.progressive_route("/set", status_code=201, dependencies=[Depends(headed)])(created)
    client = TestClient(app, headers={"accept": accept})
    answer = client.get("/")
    assert (answer.status_code, answer.headers["x-from"]) == (201, "dependency")
    answer = client.get("/set")
    assert (answer.status_code, answer.headers["cache-control"]) == (202, "max-age=5")
    assert dict(answer.cookies) == {"one": "1", "two": "2"}


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_none(status: int) -> None:
    """And what was to be awaited for it is closed: a warning would fail this."""
    answer = get(lambda: {"a": later(1)}, status_code=status)
    assert (answer.status_code, answer.content) == (status, b"")


def missing() -> Any:
    raise HTTPException(404, "no such thing")


async def refused() -> Any:
    raise Abort(Problem(title="Conflict", status=409))


async def missing_later() -> Any:
    await asyncio.sleep(0.002)
    missing()


@pytest.mark.parametrize(
    ("handler", "status", "body"),
    [
        (missing, 404, {"detail": "no such thing"}),
        (lambda: {"part": missing_later()}, 404, {"detail": "no such thing"}),
        (lambda: {"part": refused()}, 409, {"title": "Conflict", "status": 409}),
    ],
)
def test_errors(handler: Callable[[], Any], status: int, body: Any) -> None:
    answer = get(handler)
    assert (answer.status_code, answer.json()) == (status, body)


LOG: list[str] = []


async def database() -> AsyncIterator[list[str]]:
    LOG.append("opened")
    yield LOG
    LOG.append("closed")


@pytest.mark.parametrize("accept", ["application/json", V1["accept"]])
def test_dependencies_live_until_the_end(accept: str) -> None:
    """On a real server: what a value finds open, and when it was closed."""
    app = DripDrop()
    LOG.clear()

    async def load(database: list[str]) -> list[str]:
        await asyncio.sleep(0.01)
        return list(database)

    @app.progressive_route("/")
    async def rows(
        tasks: BackgroundTasks, database: Annotated[list[str], Depends(database)]
    ) -> dict[str, Any]:
        tasks.add_task(database.append, "background")
        return {"rows": load(database)}

    with serving(app) as url:
        assert '["opened"]' in httpx2.get(url, headers={"accept": accept}).text
        until(lambda: len(LOG) == 3, "not everything happened")
    assert LOG == ["opened", "background", "closed"]


def documented(**options: Any) -> Any:
    app = DripDrop()

    @app.progressive_route("/", methods=["GET", "POST"], **options)
    async def page() -> Page:
        return Page(user=later(User(name="Ada")))

    return TestClient(app).get("/openapi.json").json()["paths"]["/"]


def test_openapi_knows_every_media_type() -> None:
    operations = documented(tags=["pages"], status_code=201)
    assert {operations[method]["operationId"] for method in operations} == {"page__get", "page__post"}
    content = operations["get"]["responses"]["201"]["content"]
    assert list(content) == [
        "application/json",
        "application/x-progressive-json",
        "application/x-progressive-json;v=2",
        "text/event-stream",
    ]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Page"}
    assert operations["get"]["tags"] == ["pages"]
    assert "parameters" not in operations["get"]


@pytest.mark.parametrize("status", [200, "200"])
def test_openapi_keeps_what_the_route_says(status: int | str) -> None:
    responses = {status: {"description": "A page.", "content": {"text/event-stream": {"example": ":"}}}}
    responses[404] = {"description": "None."}
    operation = documented(responses=responses, response_model=User)["get"]
    said = operation["responses"]["200"]
    assert said["description"] == "A page."
    assert said["content"]["text/event-stream"] == {"example": ":"}
    assert said["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/User"}
    assert operation["responses"]["404"]["description"] == "None."
