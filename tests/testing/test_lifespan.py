"""`lifespan=True` runs an application's startup and shutdown around its requests."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tailrace.drain import current_drain, drain_on_signals
from tailrace.testing import ASGITransport, run
from tests.testing.apps import client_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request


def starlette(events: list[str], *, fails: str = "") -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[dict[str, Any], None]:
        async with drain_on_signals():
            events.append("startup")
            if fails == "startup":
                raise LookupError(fails)
            yield {"started": 1}
            events.append("shutdown")
            if fails == "shutdown":
                raise LookupError(fails)

    async def state(request: Request) -> JSONResponse:
        return JSONResponse([request.state.started, current_drain() is not None])

    return Starlette(routes=[Route("/", state)], lifespan=lifespan)


def test_the_client_runs_it() -> None:
    events: list[str] = []

    async def main() -> None:
        async with client_of(starlette(events), lifespan=True) as client:
            assert events == ["startup"]
            assert (await client.get("/")).json() == [1, True]
        assert events == ["startup", "shutdown"]

    run(main())


def test_without_it_nothing_of_it_runs() -> None:
    events: list[str] = []

    async def main() -> None:
        async with client_of(starlette(events)):
            pass

    run(main())
    assert events == []


@pytest.mark.parametrize("half", ["startup", "shutdown"])
def test_what_it_raises_is_raised(half: str) -> None:
    async def main() -> None:
        async with ASGITransport(starlette([], fails=half), lifespan=True):
            assert half == "shutdown"

    with pytest.raises(LookupError, match=half):
        run(main())


def says(*types: str, delay: float = 0) -> Any:
    """An application that says these in its lifespan, with a message."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        for kind in types:
            await receive()
            await asyncio.sleep(delay)
            await send({"type": f"lifespan.{kind}", "message": "no database"})
        await asyncio.sleep(delay)

    return app


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (says("startup.failed"), "startup failed: no database"),
        (says(), "startup failed: it does not answer"),
        (says("startup.complete", "shutdown.failed"), "shutdown failed: no database"),
        (says("startup.complete", "shutdown.complete", delay=11), "shutdown took more than 10 s"),
    ],
)
def test_what_it_says_of_a_failure_is_raised(app: Any, message: str) -> None:
    async def main() -> None:
        async with ASGITransport(app, lifespan=True):
            pass
        raise AssertionError("left without an error")

    with pytest.raises(RuntimeError, match=message):
        run(main())


def test_an_application_that_has_no_shutdown_is_left_alone() -> None:
    async def main() -> None:
        async with ASGITransport(says("startup.complete"), lifespan=True):
            await asyncio.sleep(1)

    run(main())


def test_a_request_before_it_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="expected `async with` around the transport"):
            await client_of(starlette([]), lifespan=True).get("/")

    run(main())


def test_it_runs_once() -> None:
    async def main() -> None:
        transport = ASGITransport(starlette([]), lifespan=True)
        async with transport:
            pass
        with pytest.raises(RuntimeError, match="make a new transport"):
            await transport.__aenter__()

    run(main())


def test_a_startup_that_is_given_up_is_ended() -> None:
    ended: list[str] = []

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(1)
            ended.append("ended")

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5), ASGITransport(app, lifespan=True):
                pass
        assert ended == ["ended"]

    run(main())


def test_a_client_is_an_httpx2_client() -> None:
    assert isinstance(client_of(starlette([])), httpx2.AsyncClient)
