"""The fixtures, as pytest finds them by the entry point: in plain tests, in anyio's, and without httpx2."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tailrace.testing import (
    ASGITransport,
    Clock,
    Faults,
    JumpingLoop,
    StreamClients,
    WSGITransport,
    fetch,
    run,
)
from tests.gate.commands import check
from tests.testing.apps import Pieces

if TYPE_CHECKING:
    from pathlib import Path


def wsgi(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"a", b"b"]


def test_a_client_for_an_asgi_application(stream_client: StreamClients) -> None:
    client = stream_client(Pieces(b"a", b"b"), headers={"x-mine": "1"})
    assert client.headers["x-mine"] == "1"

    async def main() -> tuple[bytes, ...]:
        return (await fetch(client, "/")).pieces

    assert run(main()) == (b"a", b"b")


def test_a_client_for_a_wsgi_application(stream_client: StreamClients) -> None:
    assert fetch(stream_client(wsgi), "/").pieces == (b"a", b"b")


def test_a_client_over_a_transport(stream_client: StreamClients) -> None:
    client = stream_client(WSGITransport(wsgi, faults=Faults(cut_after=1)))
    assert isinstance(fetch(client, "/").error, httpx2.ReadError)


async def coroutine(_scope: Any, _receive: Any, _send: Any) -> None:
    pass


def test_the_kinds_of_application_are_told_apart(stream_client: StreamClients) -> None:
    from functools import partial  # noqa: PLC0415 - what is to be seen stands together

    async_client: Any = [stream_client(app) for app in (coroutine, partial(coroutine), Pieces())]
    assert {type(client) for client in async_client} == {httpx2.AsyncClient}
    assert type(stream_client(wsgi)) is httpx2.Client


def test_clients_are_closed_in_whatever_loop_they_were_used() -> None:
    clients, app = StreamClients(), Pieces(*[b"x"] * 3, gap=1)
    unused = clients(coroutine)
    plain = clients(wsgi)
    ended = clients(Pieces(b"x"))
    open_one = clients(app)
    loop = JumpingLoop()

    async def opens() -> httpx2.Response:
        return await open_one.send(open_one.build_request("GET", "/", timeout=None), stream=True)

    run(fetch_root(ended))
    loop.run_until_complete(opens())
    clients.close()
    assert app.events == ["http.disconnect", "closed"]
    assert [client.is_closed for client in (unused, plain, ended, open_one)] == [True] * 4
    loop.close()


async def fetch_root(client: httpx2.AsyncClient) -> None:
    await fetch(client, "/")


def test_a_client_is_closed_in_a_loop_that_runs_in_another_thread() -> None:
    import threading  # noqa: PLC0415 - what is to be seen stands together

    clients, loop = StreamClients(), JumpingLoop()
    client = clients(Pieces(b"x"))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(fetch_root(client), loop).result(10)
    clients.close()
    assert client.is_closed
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_the_clock(jumping_clock: Clock) -> None:
    asyncio.run(jumping_clock.sleep(60))
    assert jumping_clock.naps == [60]


def test_the_loop(jumping_loop: JumpingLoop) -> None:
    jumping_loop.run_until_complete(asyncio.sleep(60))
    assert jumping_loop.jumped == 60


WITH_ANYIO = """
import anyio, asyncio, pytest
from tailrace.testing import JumpingLoop, fetch

@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": JumpingLoop}

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await anyio.sleep(50)
    await send({"type": "http.response.body", "body": b"x"})

@pytest.fixture
async def client(stream_client):
    async with stream_client(app) as client:
        yield client

@pytest.mark.anyio
async def test_in_one_loop(client, stream_client, jumping_clock):
    assert (await fetch(client, "/")).times == (50,)
    assert (await fetch(stream_client(app), "/")).times == (50,)
    await jumping_clock.sleep(5)
    assert asyncio.get_running_loop().jumped == 100
"""

WITHOUT_HTTPX2 = """
import sys
import pytest

@pytest.fixture(autouse=True)
def no_httpx2(monkeypatch):
    assert "httpx2" not in sys.modules
    monkeypatch.setitem(sys.modules, "httpx2", None)

def test_time_needs_none(jumping_clock, jumping_loop):
    assert jumping_loop.time() == jumping_clock.monotonic() == 0

def test_a_client_does(request):
    with pytest.raises(ImportError, match="stream_client|StreamClients needs httpx2: pip install"):
        request.getfixturevalue("stream_client")
"""


@pytest.mark.parametrize(
    ("text", "passed"), [(WITH_ANYIO, 1), (WITHOUT_HTTPX2, 2)], ids=["anyio", "no httpx2"]
)
def test_elsewhere(text: str, passed: int, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
    said = check(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:valkey",
        cwd=tmp_path,
    )
    assert f"{passed} passed" in said


def test_the_plugin_imports_neither_httpx2_nor_asyncio() -> None:
    code = "import sys, json, tailrace.testing.plugin; print(json.dumps(sorted(sys.modules)))"
    modules = set(json.loads(check(sys.executable, "-I", "-c", code)))
    assert "tailrace.testing.plugin" in modules
    assert modules & {"httpx2", "asyncio", "anyio", "starlette", "fastapi", "tailrace.testing._loop"} <= {
        "asyncio"
    }


def test_the_package_imports_no_pytest_and_no_framework() -> None:
    code = (
        "import sys, json, tailrace.testing as t; [getattr(t, name) for name in t.__all__]; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    modules = set(json.loads(check(sys.executable, "-I", "-c", code)))
    assert "httpx2" in modules
    assert modules & {"pytest", "_pytest", "starlette", "fastapi"} == set()


def test_a_name_that_is_not_there_is_an_error() -> None:
    import tailrace.testing  # noqa: PLC0415 - the module is what is asked

    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = tailrace.testing.Nonsense  # type: ignore[attr-defined]  # what is refused
    assert set(tailrace.testing.__all__) <= set(dir(tailrace.testing))
    assert ASGITransport is tailrace.testing.ASGITransport
