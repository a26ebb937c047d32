"""The demo as somebody uses it: over sockets, in every format, with the page, and when the reader leaves."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests

from tailrace import JSON, NDJSON, Event, EventStream
from tailrace.errors import StreamFailed, Truncated
from tests.demo.conftest import COMMITS, LONG
from tests.demo.running import PACKAGES, ROOT, Demo, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tailrace.formats import Format

FORMATS: dict[str, Format] = {
    "application/json": JSON(),
    "application/x-ndjson": NDJSON(),
    "text/event-stream": EventStream(),
}
ROWS = 200_000
ALLOWED_GROWTH = 24 * 1024 * 1024


class ProblemEvent(Exception):
    """The stream said that it failed."""


def items(response: requests.Response, accept: str) -> Iterator[Any]:
    """Decode a response as it comes in; raises if it does not end as it should."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith(accept)
    decoder = FORMATS[accept].decoder()
    ended = accept != "text/event-stream"
    for chunk in response.iter_content(None):
        for item in decoder.feed(chunk):
            if isinstance(item, Event) and item.event == "problem":
                raise ProblemEvent(item.data)
            if isinstance(item, Event) and item.event == "end":
                ended = True
            else:
                yield json.loads(item.data) if isinstance(item, Event) else item
    assert decoder.finish() == []
    assert ended, "no event said that it was over"


def get(demo: Demo, path: str, accept: str) -> requests.Response:
    return requests.get(demo.url(path), headers={"Accept": accept}, stream=True, timeout=20)


@pytest.mark.parametrize("accept", FORMATS)
@pytest.mark.parametrize("path", ["/export", "/export?rows=7", "/history"])
def test_a_finite_stream_gives_what_its_twin_gives(demo: Demo, path: str, accept: str) -> None:
    twin = requests.get(
        demo.url(path.replace("?", "/buffered?") if "?" in path else f"{path}/buffered"), timeout=20
    )
    with get(demo, path, accept) as response:
        assert list(items(response, accept)) == twin.json()


def test_what_is_wanted_may_stand_in_the_body(demo: Demo) -> None:
    wanted = requests.post(demo.url("/export"), json={"rows": 3}, timeout=20).json()
    assert wanted == requests.get(demo.url("/export?rows=3"), timeout=20).json()
    assert requests.post(demo.url("/export"), json={"rows": 0}, timeout=20).status_code == 422


@pytest.mark.parametrize("accept", FORMATS)
@pytest.mark.parametrize("path", ["/machine", "/server"])
def test_an_endless_stream_goes_on_and_lets_go(demo: Demo, path: str, accept: str) -> None:
    with get(demo, path, accept) as response:
        two = list(islice(items(response, accept), 2))
    key = {"/machine": "processes", "/server": "rss"}[path]
    assert all(item[key] for item in two)


@pytest.mark.parametrize("accept", FORMATS)
def test_a_bug_in_the_handler_fails_every_format(demo: Demo, accept: str) -> None:
    # The format says it, or the aborted transfer does: which comes first is a race.
    failures = (StreamFailed, Truncated, ProblemEvent, requests.exceptions.ChunkedEncodingError)
    with get(demo, "/faulty", accept) as response, pytest.raises(failures):
        list(items(response, accept))


def test_what_is_not_there_is_a_404(demo: Demo) -> None:
    answer = requests.get(demo.url("/module/no.such.module"), timeout=20)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "The index has no module no.such.module."}


def test_the_twin_refuses_what_would_not_fit(demo: Demo) -> None:
    assert requests.get(demo.url("/export/buffered?rows=1000000"), timeout=20).status_code == 422


def git_processes(demo: Demo) -> list[psutil.Process]:
    return [child for child in psutil.Process(demo.process.pid).children() if child.name() == "git"]


def test_git_ends_when_the_reader_leaves(demo: Demo) -> None:
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", demo.port))
        reader.sendall(b"GET /history HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert reader.recv(4096).startswith(b"HTTP/1.1 200")
        until(lambda: len(git_processes(demo)) == 1)  # and it stays: nobody reads on
    until(lambda: git_processes(demo) == [])


def test_ctrl_c_ends_it_quietly_while_endless_streams_are_open(tmp_path: Path) -> None:
    with serving(tmp_path / "cache", tmp_path, PACKAGES[:1]) as demo:
        streams = [get(demo, path, "text/event-stream") for path in ("/machine", "/server")]
        assert all(next(stream.iter_content(None)) for stream in streams)
        demo.process.send_signal(signal.SIGINT)
        _, said = demo.process.communicate(timeout=20)
        assert demo.process.returncode == 0
        assert said == ""
        for stream in streams:
            stream.close()


def test_the_history_is_that_of_the_repository(demo: Demo) -> None:
    with get(demo, "/history", "application/x-ndjson") as response:
        found = list(items(response, "application/x-ndjson"))
    assert len(found) == COMMITS
    assert found[0]["subject"] == f"commit {COMMITS} {LONG}".rstrip()
    assert found[0]["changes"] == [{"path": "file", "added": 1, "removed": 1}]


def test_without_a_repository_the_packages_are_the_items(tmp_path: Path) -> None:
    with serving(tmp_path / "cache", tmp_path, PACKAGES[:1]) as demo:
        found = requests.get(demo.url("/history"), timeout=20).json()
        code = requests.get(demo.url("/code"), timeout=20).json()
    assert "psutil" in {item["package"] for item in found}
    assert code["history"]["source"].startswith("def packages")


def test_memory_stays_flat(demo: Demo) -> None:
    before = peak(demo, 1000)  # with what is needed once
    assert peak(demo, ROWS) - before < ALLOWED_GROWTH


def peak(demo: Demo, rows: int) -> int:
    """The most memory the server takes while `rows` rows go out."""
    server = psutil.Process(demo.process.pid)
    lines = most = 0
    with get(demo, f"/export?rows={rows}", "application/x-ndjson") as response:
        for chunk in response.iter_content(None):
            lines += chunk.count(b"\n")
            most = max(most, server.memory_info().rss)
    assert lines == rows
    return most


def test_the_page_has_all_its_files_and_asks_nobody_else(demo: Demo) -> None:
    pages = [requests.get(demo.url(path), timeout=20) for path in ("/", "/dashboard/page")]
    for page in pages:
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    wanted = {path for page in pages for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)}
    assert {"/static/app.js", "/static/dashboard.js", "/static/style.css"} <= wanted
    seen: set[str] = set()
    while wanted := wanted - seen:
        for path in wanted:
            file = requests.get(demo.url(path), timeout=20)
            assert file.status_code == 200, path
            assert not re.search(r"https?://", file.text), f"{path} names another host"
            seen.add(path)
            wanted = wanted | {f"/static/{name}" for name in re.findall(r'"\./(\w+\.js)"', file.text)}
    assert {"/static/reader.js", "/static/records.js"} <= seen


def test_the_page_shows_the_code_that_runs(demo: Demo) -> None:
    code = requests.get(demo.url("/code"), timeout=20).json()
    assert "return Stream(functions(index, rows), formats=ANY)" in code["export"]["handler"]
    assert set(code) == {"export", "machine", "history", "faulty", "module", "dashboard"}


def test_a_busy_port_is_an_error_that_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "examples.demo", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert f"port {port} is in use; choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr
