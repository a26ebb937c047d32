"""What a `Stream` owes to the application around it, with the clients that applications are tested with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse

from tailrace import NDJSON, Abort, Delivery, Problem
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class OwnError(Exception):
    """The application's."""


async def items(before: int, error: Exception | None = None) -> AsyncIterator[int]:
    for number in range(before):
        yield number
    if error is not None:
        raise error


def transactions(log: list[str]) -> FastAPI:
    app = FastAPI()

    def transaction() -> Iterator[None]:
        try:
            yield
        except Exception:
            log.append("rollback")
            raise
        log.append("commit")

    @app.get("/{before}", dependencies=[Depends(transaction)])
    def failing(before: int, request: Request) -> Any:
        return Stream(items(before, None if request.query_params else OwnError()))

    return app


def by_test_client(app: FastAPI, path: str) -> None:
    TestClient(app, raise_server_exceptions=False).get(path)


def by_transport(app: FastAPI, path: str) -> None:
    async def get() -> None:
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get(path)

    asyncio.run(get())


@pytest.mark.parametrize(
    ("path", "log"), [("/3", ["rollback"]), ("/0", ["rollback"]), ("/3?good=1", ["commit"])]
)
@pytest.mark.parametrize("get", [by_test_client, by_transport])
def test_a_failed_stream_is_rolled_back(
    get: Callable[[FastAPI, str], None], path: str, log: list[str]
) -> None:
    """As on a server."""
    seen: list[str] = []
    get(transactions(seen), path)
    assert seen == log


def test_a_failed_stream_is_raised_in_the_test() -> None:
    with pytest.raises(OwnError) as caught:
        TestClient(transactions([])).get("/3")
    assert any("ref" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("of", [Exception, 500, OwnError], ids=str)
def test_the_applications_handlers_answer(of: Any) -> None:
    app = FastAPI()

    @app.exception_handler(of)
    async def mine(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"mine": type(error).__name__}, 500)

    @app.get("/{kind}")
    async def failing(kind: str) -> Any:
        return Stream(items(0, OwnError() if kind == "own" else Abort(Problem(title="T", status=409))))

    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/own").json() == {"mine": "OwnError"}
    assert client.get("/abort").json() == {"title": "T", "status": 409}


class Held:
    """Something that holds a request and reads it late."""

    def __init__(self, request: Request) -> None:
        self.request = request

    async def lengths(self) -> AsyncIterator[int]:
        yield len(await self.request.body())


def late_readers() -> FastAPI:
    app = FastAPI()

    @app.exception_handler(OwnError)
    async def mine(request: Request, _: Exception) -> JSONResponse:
        return JSONResponse(len(await request.body()))

    @app.post("/held")
    async def held(request: Request) -> Any:
        return Stream(Held(request).lengths())

    @app.post("/dict")
    async def in_a_dict(request: Request) -> Any:
        kept = {"request": request}

        async def lengths() -> AsyncIterator[int]:
            yield len(await kept["request"].body())

        return Stream(lengths())

    @app.post("/handler")
    async def handler() -> Any:
        return Stream(items(0, OwnError()))

    @app.post("/itself")
    async def itself() -> Any:
        def numbers() -> Iterator[int]:
            yield int(isinstance(kept, Iterator))

        kept = numbers()
        return Stream(kept)

    @app.post("/read")
    async def read(request: Request) -> Any:
        await request.body()
        return Stream(Held(request).lengths())

    return app


@pytest.mark.parametrize("path", ["/held", "/dict", "/handler"])
def test_a_body_that_is_read_too_late_is_an_error(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not an empty body, and not a reader that waits for ever, wherever the request is kept."""
    answer = TestClient(late_readers(), raise_server_exceptions=False).post(path, content=b"0123456789")
    assert answer.status_code == 500
    if path != "/handler":
        assert "cannot read the request's body" in caplog.text


class Proxy:
    """A local variable of somebody's, as flask and Django have them."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("working outside of a context")


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_body_that_names_no_length_is_found_too(version: str) -> None:
    """HTTP/2 has no field for it; and what else lies in the callers' frames is left alone."""
    sent: list[Any] = []

    body = [{"type": "http.request", "body": b"x", "more_body": False}]

    async def receive() -> Any:
        return body.pop() if body else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    async def main() -> None:
        proxy = Proxy()
        headers = [(b"transfer-encoding", b"chunked")] if version == "1.1" else []
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "http_version": version}
        request = Request(scope, receive)
        empty = Request({"type": "http"})
        async with asyncio.timeout(5):
            with pytest.raises(RuntimeError, match="cannot read the request's body"):
                await Stream(Held(request).lengths())(scope | {"query_string": b""}, receive, send)
        del proxy, empty

    asyncio.run(main())


@pytest.mark.parametrize(("path", "body"), [("/itself", [1]), ("/read", [10])])
def test_a_body_that_was_read_or_is_not_asked_for(path: str, body: list[int]) -> None:
    assert TestClient(late_readers()).post(path, content=b"0123456789").json() == body


@pytest.mark.parametrize("status", [201, HTTPStatus.CREATED])
def test_any_spelling_of_a_status(status: int) -> None:
    app = FastAPI()

    @app.get("/")
    async def made() -> Any:
        return Stream([1], status)

    @app.get("/conflict")
    async def conflict() -> Any:
        return Stream(items(0, Abort(Problem(title="T", status=HTTPStatus.CONFLICT))))

    client = TestClient(app)
    assert client.get("/").status_code == 201
    assert client.get("/conflict").json() == {"title": "T", "status": 409}


class NoSeparators(json.JSONEncoder):
    """Not what json.dumps would take for a class."""

    def __init__(self) -> None:
        super().__init__()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"background": "application/x-ndjson"}, "media types are in formats="),
        ({"encoder": NoSeparators}, "separators"),
        ({"encoder": dict}, "expected a callable or a json.JSONEncoder class"),
        ({"status_code": True}, None),
        ({"status_code": 204}, None),
    ],
    ids=str,
)
def test_wrong_options_are_refused_in_the_handler(options: dict[str, Any], says: str | None) -> None:
    with pytest.raises(TypeError if says else ValueError, match=says or "expected the status of a response"):
        Stream([1], formats=[NDJSON()], **options)


@pytest.mark.parametrize("compression", [(), ("gzip",)])
def test_nothing_is_compressed_twice(compression: tuple[str, ...]) -> None:
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=1)

    @app.get("/")
    async def rows() -> Any:
        return Stream(items(1000), delivery=Delivery(compression=compression))

    answer = TestClient(app).get("/", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == list(range(1000))


def test_where_stream_is() -> None:
    with pytest.raises(ImportError, match=r"tailrace\.fastapi"):
        exec("from tailrace import Stream")  # noqa: S102 - what a user types first
