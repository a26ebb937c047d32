"""`tailrace doctor` at real servers and proxies: what it has to find, and no fault where there is none."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware

from tests.cli.doctor_app import PAUSE, ROUTES, ROWS, Unflushed
from tests.cli.scripted import Asked, command, environment, invoke, scripted
from tests.examples.serving import serving
from tests.servers.proxies import proxies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.programs import Program


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(Starlette(routes=ROUTES)) as address:
        yield address


def examined(*words: str) -> dict[str, Any]:
    """The findings by their codes; the exit code says whether one of them is an error."""
    ran = invoke("doctor", "--json", *words)
    findings = {finding["code"]: finding for finding in json.loads(ran.out)["findings"]}
    assert ran.code == any(finding["severity"] == "error" for finding in findings.values())
    return findings


def errors(findings: dict[str, Any]) -> set[str]:
    return {code for code, finding in findings.items() if finding["severity"] == "error"}


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json", "text/csv"])
def test_a_healthy_stream_has_no_errors(url: str, accept: str) -> None:
    findings = examined(f"{url}/healthy", "--accept", accept)
    assert errors(findings) == set()
    assert {"streams", "accel", "uncached", "varies", "uncompressed"} <= findings.keys()
    assert not [finding for finding in findings.values() if finding["severity"] in {"warning", "unknown"}]


def test_a_healthy_stream_of_events_resumes_and_stops(url: str) -> None:
    findings = examined(f"{url}/numbered")
    assert errors(findings) == set()
    assert {"streams", "resumes", "stops", "ends"} <= findings.keys()


def buffering(asked: Asked) -> None:
    """A server that speaks as HTTP/1.0 has it: nginx has no chunks to pass on, and waits for a full buffer."""
    if asked.target == "/probe/ping":
        asked.answer("200 OK", {"Content-Length": 0})
        return
    asked.answer("200 OK", {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
    for number in range(ROWS):
        asked.send(json.dumps({"number": number, "at": time.time()}).encode() + b"\n")
        time.sleep(PAUSE)


def test_a_proxy_that_buffers(nginx: Program, tmp_path: Path) -> None:
    with scripted(buffering) as server, proxies(nginx, int(server.url.rpartition(":")[2]), tmp_path) as ports:
        held = examined(f"http://127.0.0.1:{ports['nginx, default']}/")
        assert errors(held) == {"proxy-buffers"}
        evidence = " · ".join(held["proxy-buffers"]["evidence"])
        assert "7 records came in 1 piece" in evidence
        assert "Server: nginx/" in evidence
        assert "by their own /at" in evidence
        assert "proxy_buffering off" in held["proxy-buffers"]["advice"]

        passed = examined(f"http://127.0.0.1:{ports['nginx, unbuffered']}/")
        assert errors(passed) == set()
        assert "streams" in passed


def test_nginx_that_compresses(nginx: Program, url: str, tmp_path: Path) -> None:
    with proxies(nginx, int(url.rpartition(":")[2]), tmp_path) as ports:
        findings = examined(f"http://127.0.0.1:{ports['nginx, gzip']}/plain")
    assert errors(findings) == {"gzip-holds"}
    assert "streams" in findings


def test_gzip_that_holds_rows_back() -> None:
    with serving(Unflushed(Starlette(routes=ROUTES))) as address:
        findings = examined(f"{address}/plain")
    assert errors(findings) == {"gzip-holds"}
    evidence = " · ".join(findings["gzip-holds"]["evidence"])
    assert re.search(r"without it 7 records in [4-7] pieces", evidence)
    assert "with it 7 records in 1 piece" in evidence


def test_gzip_that_is_flushed() -> None:
    app = Starlette(routes=ROUTES)
    app.add_middleware(GZipMiddleware, minimum_size=1)
    with serving(app) as address:
        findings = examined(f"{address}/plain")
    assert errors(findings) == set()
    assert findings["flushed"]["severity"] == "ok"


def test_a_plain_streaming_response(url: str) -> None:
    findings = examined(f"{url}/plain")
    assert errors(findings) == set()
    assert findings["no-accel"]["severity"] == "warning"
    assert findings["cacheable"]["severity"] == "warning"


def test_an_array_that_is_built_first(url: str) -> None:
    findings = examined(f"{url}/built_first")
    assert errors(findings) == {"app-builds"}
    assert "Content-Length" in " ".join(findings["app-builds"]["evidence"])


def test_a_stream_without_its_end(url: str) -> None:
    findings = examined(f"{url}/without_end")
    assert errors(findings) == {"no-end"}
    assert findings["runs-again"]["severity"] == "warning"


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, b"4\r\n[1,2\r\n", "cut"),
        ({"Content-Type": "application/json", "Content-Length": "900"}, b"[1,2]", "cut"),
        ({"Content-Type": "application/json", "Content-Length": "4"}, b"[1,2]", "no-end"),
        ({"Content-Type": "application/json"}, b"[1,2", "no-end"),
        ({"Content-Type": "application/x-ndjson", "Content-Length": "6"}, b"{1:2}\n", "malformed"),
        ({"Content-Type": "text/plain", "Content-Length": "9"}, b"data: 1\n\n", "no-end"),
    ],
)
def test_what_is_cut(headers: dict[str, str], body: bytes, code: str) -> None:
    with scripted(lambda asked: asked.answer("200 OK", headers, body)) as server:
        assert code in errors(examined(server.url))


def test_a_large_body_is_not_read_to_its_end() -> None:
    def large(asked: Asked) -> None:
        asked.answer("200 OK", {"Content-Length": 1 << 40})
        while True:
            asked.connection.sendall(bytes(1 << 20))

    with scripted(large) as server:
        ran = invoke("doctor", server.url, "--json", "--for", "60")
    seen = json.loads(ran.out)["seen"]["main"]
    assert seen["ending"] == "open"
    assert seen["bytes"] < 1 << 27


def test_an_endless_stream_is_looked_at_for_so_long() -> None:
    leaves = threading.Event()

    def endless(asked: Asked) -> None:
        asked.answer("200 OK", {"Content-Type": "text/event-stream"})
        while not leaves.wait(PAUSE):
            asked.connection.sendall(b"data: 1\n\n")

    began = time.monotonic()
    with scripted(endless) as server:
        findings = examined(server.url, "--for", "0.3")
        leaves.set()
    assert time.monotonic() - began < 3
    assert {"streams", "endless", "silence"} <= findings.keys()
    assert findings["endless"]["severity"] == findings["silence"]["severity"] == "unknown"


def test_a_request_with_effects_is_sent_once() -> None:
    with scripted(lambda asked: asked.answer("200 OK", {"Content-Length": "2"}, b"[]")) as server:
        findings = examined(server.url, "--json-body", '{"a":1}', "-H", "X-Key: 1")
    assert findings["not-tried"]["severity"] == "unknown"
    (asked,) = server.asked
    assert (asked.method, asked.body, asked.headers["x-key"]) == ("POST", b'{"a":1}', "1")
    assert asked.headers["content-type"] == "application/json"


def test_the_page_for_people(url: str) -> None:
    ran = invoke("doctor", f"{url}/without_end")
    assert ran.code == 1
    assert "✗ error" in ran.out
    assert "no-end" in ran.out
    assert "as it is ├" in ran.out
    assert "\x1b" not in ran.out
    assert ran.out.rstrip().splitlines()[-1].startswith("1 error, 3 warnings")


def test_nobody_there() -> None:
    with scripted() as server:
        pass
    ran = invoke("doctor", server.url)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == f"tailrace: cannot connect to {server.url}: Connection refused\n"


def test_ctrl_c_ends_it_without_a_traceback() -> None:
    begun = threading.Event()

    def silent(_: Asked) -> None:
        begun.set()
        leaves.wait(10)

    leaves = threading.Event()
    with (
        scripted(silent) as server,
        subprocess.Popen(
            command("doctor", server.url), env=environment(), stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        assert begun.wait(10)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
        leaves.set()
    assert (process.returncode, said) == (130, "")
