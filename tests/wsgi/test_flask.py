"""Flask behind gunicorn and behind its own server: what docs/wsgi.md says of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tailrace.client.sync import connect
from tailrace.errors import StreamFailed
from tests.real import processes
from tests.real.ports import free_port
from tests.servers.wire import Client, fetch

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
APP: Final = "tests.wsgi.flask_app"
NDJSON: Final = {"accept": "application/x-ndjson"}
SERVERS: Final = {
    "gunicorn": ["gunicorn", f"{APP}:app", "--threads=8", "--no-control-socket", "--bind=127.0.0.1:{port}"],
    "werkzeug": ["flask", "--app", APP, "run", "--port={port}"],
}


def until(condition: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


@contextlib.contextmanager
def started(name: str, log: Path) -> Iterator[tuple[int, subprocess.Popen[Any]]]:
    port = free_port()
    words = [sys.executable, "-m", *(word.format(port=port) for word in SERVERS[name])]
    with (
        log.open("wb") as output,
        processes.running(words, cwd=ROOT, env=dict(os.environ), stdout=output, stderr=output) as process,
    ):
        until(lambda: answers(port), f"{name} did not start: {log.read_text()}")
        yield port, process


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return fetch(port, "/happened").status == 200
    return False


@pytest.fixture(scope="module", params=SERVERS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with started(request.param, tmp_path_factory.mktemp("flask") / "log") as (port, _):
        yield port


def go(port: int) -> None:
    assert fetch(port, "/go", method="POST").status == 200


def happened(port: int) -> list[str]:
    return list(fetch(port, "/happened").json)


def test_an_item_arrives_before_the_next_is_made(port: int) -> None:
    with Client(port) as client:
        client.ask("/rows", headers=NDJSON)
        first = client.read(until=b"\n")
        assert (first.status, first.body) == (200, b'{"n":0}\n')
        assert first.header("x-own") == "yes"
        assert first.header("x-marked") == "by the application"
        go(port)
        assert client.read().body == b'{"n":0}\n{"n":1}\n{"n":2}\n'
        assert client.reply.ending == "complete"


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        ("application/json", b'[{"n":0},{"n":1},{"n":2}]'),
        ("text/csv", b'"n"\r\n0\r\n1\r\n2\r\n'),
        ("image/png", None),
    ],
)
def test_the_request_says_which_format(port: int, accept: str, body: bytes | None) -> None:
    if body is not None:
        go(port)  # for the first item to go on at once
    reply = fetch(port, "/rows", headers={"accept": accept})
    assert reply.status == (406 if body is None else 200)
    if body is None:
        assert "application/x-ndjson" in reply.json["available"]
    else:
        assert reply.body == body


def test_an_async_view_and_an_async_source(port: int) -> None:
    items = list(connect(f"http://127.0.0.1:{port}/async"))
    assert items == [{"n": n, "path": "/async"} for n in range(3)]


def test_the_source_has_the_request_though_its_teardown_has_run(port: int) -> None:
    with Client(port) as client:
        client.ask("/context/ada?q=7", headers=NDJSON)
        client.read(until=b"\n")
        until(lambda: "teardown of ada" in happened(port), "the context is torn down with the view")
        go(port)
        second = client.read().body.splitlines()[1]
    assert json.loads(second) == {"q": "7", "app": APP, "g": "ada", "name": "ada", "url": "/happened"}


def test_a_failure_shows(port: int) -> None:
    reply = fetch(port, "/failing", headers=NDJSON)
    assert reply.ending == "cut"
    *lines, last = reply.body.splitlines()
    assert [json.loads(line)["n"] for line in lines] == [0, 1, 2]
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(last)
    assert b"secret" not in reply.body
    with pytest.raises(StreamFailed):
        list(connect(f"http://127.0.0.1:{port}/failing"))


@pytest.mark.parametrize("how", ["before", "within", "in-flasks-words"])
def test_what_is_not_there_is_a_404(port: int, how: str) -> None:
    reply = fetch(port, f"/missing/{how}", headers=NDJSON)
    assert (reply.status, reply.ending) == (404, "complete")
    if how == "within":
        assert reply.json == {"title": "Not Found", "status": 404, "detail": "no such thing"}


def test_a_reader_that_left_is_noticed_at_the_next_write(port: int) -> None:
    """Without a word from the source: the keep-alive is a write too."""
    with Client(port) as client:
        client.ask("/endless")
        client.read(until=b"data: ")
        client.leave("rst")
    until(lambda: "endless closed" in happened(port), "the source of a reader that left goes on")


def test_events_end_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    with started("gunicorn", tmp_path / "log") as (port, process):
        with Client(port) as client:
            client.ask("/endless")
            client.read(until=b"data: ")
            os.kill(process.pid, signal.SIGTERM)
            reply = client.read()
        assert reply.ending == "complete"
        assert b"\nretry: " in reply.body
        assert b"event: end" not in reply.body
        process.wait(10)
