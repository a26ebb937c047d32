"""`tailrace get` at streams of every kind, whole, failed, cut and refused."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.scripted import WITHIN, Asked, command, environment, invoke, scripted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENTS = {"Content-Type": "text/event-stream"}
LINES = {"Content-Type": "application/x-ndjson"}
DOCUMENT = {"Content-Type": "application/x-progressive-json;v=2"}
GROWING = b"""\
{"v":2,"id":0,"set":{"user":null,"posts":[]},"meta":{"user":1,"posts":2}}
{"id":1,"set":"Ada"}
{"id":2,"push":[1]}
{"id":2,"end":true}
"""
PARTS = b"""\
{"v":2,"id":0,"set":{"user":null},"meta":{"user":1}}
{"id":1,"err":{"title":"No user","status":404}}
{"done":2}
"""


def body(data: bytes, headers: dict[str, str], status: str = "200 OK") -> Callable[[Asked], None]:
    return lambda asked: asked.answer(status, {**headers, "Content-Length": str(len(data))}, data)


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


BODIES: dict[str, tuple[bytes, dict[str, str], list[str], list[Any]]] = {
    "lines": (b'{"a":1}\n{"a":2}\n', LINES, [], [{"a": 1}, {"a": 2}]),
    "an array": (b'[{"a":1},2]', {"Content-Type": "application/json"}, [], [{"a": 1}, 2]),
    "a sequence": (b"\x1e1\n\x1e2\n", {"Content-Type": "application/json-seq"}, [], [1, 2]),
    "a table": (b'"a","b"\r\n1,x\r\n', {"Content-Type": "text/csv"}, [], [{"a": "1", "b": "x"}]),
    "an object": (b'{"a": [1,\n2]}', {"Content-Type": "application/json"}, [], [{"a": [1, 2]}]),
    "events": (
        b'data: {"a":1}\n\ndata: hello\n\nevent: end\nid: ~end\ndata: {"count":2}\n\n',
        EVENTS,
        [],
        [{"a": 1}, "hello"],
    ),
    "events as they are": (
        b"id: 7\nevent: tick\ndata: 1\n\ndata: x\n\nevent: end\nid: ~end\ndata: {}\n\n",
        EVENTS,
        ["--events"],
        [{"event": "tick", "id": "7", "data": 1}, {"event": "message", "id": "7", "data": "x"}],
    ),
    "a document": (GROWING + b'{"done":4}\n', DOCUMENT, [], [{"user": "Ada", "posts": [1]}]),
    "some": (b"1\n2\n3\n", LINES, ["--limit", "2"], [1, 2]),
    "none": (b"", LINES, [], []),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_whole(name: str) -> None:
    data, headers, options, expected = BODIES[name]
    with scripted(body(data, headers)) as server:
        ran = invoke("get", server.url, *options)
    assert (ran.code, lines(ran.out), ran.err) == (0, expected, "")


def test_the_changes_of_a_document_come_as_they_are_made() -> None:
    first, _, rest = GROWING.partition(b"\n")
    goes_on = threading.Event()

    def growing(asked: Asked) -> None:
        asked.answer("200 OK", {**DOCUMENT, "Transfer-Encoding": "chunked"})
        for part in (first + b"\n", rest + b'{"done":4}\n'):
            asked.send(b"%x\r\n%b\r\n" % (len(part), part))
            assert goes_on.wait(WITHIN)
        asked.send(b"0\r\n\r\n")

    with (
        scripted(growing) as server,
        subprocess.Popen(
            command("get", "--changes", server.url), env=environment(), stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        shell = json.loads(process.stdout.readline())
        goes_on.set()
        changes = lines(process.stdout.read())
    assert shell == {"verb": "set", "at": [""], "value": {"user": None, "posts": []}}
    assert changes == [
        {"verb": "set", "at": ["/user"], "value": "Ada"},
        {"verb": "push", "at": ["/posts"], "value": [1]},
        {"verb": "end", "at": ["/posts"], "value": None},
    ]
    assert process.returncode == 0


def test_bytes_go_through_as_they_are() -> None:
    data = b"\x89PNG\x00\xff"
    with scripted(body(data, {"Content-Type": "image/png"})) as server:
        assert invoke("get", server.url).data == data


def test_text_goes_through_as_it_is() -> None:
    with scripted(body("one\ntwö".encode(), {"Content-Type": "text/plain"})) as server:
        assert invoke("get", server.url).out == "one\ntwö"


FAILURES: dict[str, tuple[Callable[[Asked], None], list[str], int, list[Any], str]] = {
    "the stream fails": (
        body(b'1\n{"problem":{"title":"Disk full","status":507,"detail":"no room","ref":"abc"}', LINES),
        [],
        3,
        [1],
        "Disk full (507)",
    ),
    "an event says so": (
        body(b'data: 1\n\nevent: problem\nid: ~end\ndata: {"title":"Gone"}\n\n', EVENTS),
        [],
        3,
        [1],
        "Gone",
    ),
    "a part fails": (body(PARTS, DOCUMENT), [], 3, [{"user": None}], "/user failed: No user"),
    "the status says so": (body(b"no", {"Content-Type": "text/plain"}, "403 Forbidden"), [], 3, [], "(403)"),
    "it is cut": (body(b"[1,2", {"Content-Type": "application/json"}), [], 4, [1], "not closed"),
    "the document is cut": (body(GROWING, DOCUMENT), [], 4, [], "the body ends before its last record"),
    "the transfer is cut": (
        lambda asked: asked.answer("200 OK", {**LINES, "Content-Length": 99}, b"1\n2\n"),
        [],
        4,
        [1, 2],
        "lost after 2 records",
    ),
    "it is no JSON": (body(b"1\n{x\n", LINES), [], 6, [1], "record 1"),
    "it is no document": (body(b"1\n", LINES), ["--changes"], 2, [], "--changes: expected a document"),
    "two bodies": (body(b"", LINES), ["-d", "x", "--json-body", "1"], 2, [], "expected one of the two"),
    "no JSON to send": (body(b"", LINES), ["--json-body", "{"], 2, [], "--json-body"),
    "no file to send": (body(b"", LINES), ["-d", "@/no/such/file"], 2, [], "No such file"),
    "no id": (body(b"", LINES), ["--last-event-id", "a\nb"], 2, [], "event id"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_not_whole_has_its_exit_code(name: str) -> None:
    answer, options, code, expected, said = FAILURES[name]
    with scripted(answer) as server:
        ran = invoke("get", server.url, "--no-resume", *options)
    assert (ran.code, lines(ran.out)) == (code, expected), ran.err
    assert said in ran.err


def test_nobody_there_is_told_at_once_and_not_after_ten_attempts() -> None:
    with scripted() as server:
        pass
    for options in [], ["--no-resume"]:
        ran = invoke("get", server.url, *options)
        assert (ran.code, ran.out) == (5, "")
        assert ran.err.count("Connection refused") == 1
        assert server.url in ran.err or options


def test_events_go_on_behind_the_last_one() -> None:
    def cut(asked: Asked) -> None:
        asked.answer("200 OK", EVENTS, b"retry: 1\nid: 1\ndata: 1\n\nid: 2\ndata: 2\n\nid: 3\nda")
        asked.reset()

    end = b"id: 3\ndata: 3\n\nevent: end\nid: ~end\ndata: {}\n\n"
    with scripted(cut, body(end, EVENTS)) as server:
        ran = invoke("get", server.url)
    assert (ran.code, lines(ran.out)) == (0, [1, 2, 3])
    assert "connects again in 0." in ran.err
    assert [asked.headers.get("last-event-id") for asked in server.asked] == [None, "2"]


def test_the_id_is_kept_and_gone_on_behind(tmp_path: Path) -> None:
    kept = tmp_path / "id"
    endless = b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n"
    with scripted(body(endless, EVENTS)) as server:
        assert invoke("get", server.url, "--save-id", str(kept), "-n", "1").code == 0
        assert kept.read_text() == "1\n"
        assert invoke("get", server.url, "--save-id", str(kept), "--no-resume").code == 0
        assert kept.read_text() == "2\n"
        assert invoke("get", server.url, "--last-event-id", "7", "-n", "1").code == 0
    assert [asked.headers.get("last-event-id") for asked in server.asked] == [None, "1", "7"]
    assert [path.name for path in tmp_path.iterdir()] == ["id"]


def test_the_request_is_as_it_was_said() -> None:
    with scripted(body(b"1\n", LINES)) as server:
        words = [
            "--json-body",
            '{"q":1}',
            "-H",
            "X-Key: a: b",
            "--accept",
            "application/x-ndjson",
            "-X",
            "PUT",
        ]
        assert invoke("get", server.url, *words).code == 0
        assert invoke("get", server.url, "-d", "@-", stdin="a=1").code == 0
    json_asked, form = server.asked
    assert (json_asked.method, json_asked.body) == ("PUT", b'{"q":1}')
    assert json_asked.headers["x-key"] == "a: b"
    assert json_asked.headers["accept"] == "application/x-ndjson"
    assert json_asked.headers["content-type"] == "application/json"
    assert (form.method, form.body) == ("POST", b"a=1")
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"


def test_who_reads_the_pipe_may_leave() -> None:
    def endless(asked: Asked) -> None:
        asked.answer("200 OK", LINES)
        while True:
            asked.connection.sendall(b'{"a":1}\n' * 1000)

    with (
        scripted(endless) as server,
        subprocess.Popen(
            command("get", server.url),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == '{"a":1}\n'
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(WITHIN) == 141
