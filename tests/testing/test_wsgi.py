"""`WSGITransport` is a server as PEP 3333 has it, and delivers piece by piece."""

from __future__ import annotations

import io
import math
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import httpx2
import pytest

from tailrace.testing import Clock, Faults, WSGITransport, fetch
from tests.testing.wsgi import Content, client_of, gives, got

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_each_piece_is_made_when_the_one_before_was_taken() -> None:
    content = Content(b"a", b"b", b"c")
    with client_of(gives(content)) as client, client.stream("GET", "/") as response:
        seen = [(piece, content.events[-1]) for piece in response.iter_raw()]
    assert seen == [(b"a", b"a"), (b"b", b"b"), (b"c", b"c")]
    assert content.events[-1] == "close"


def test_the_content_is_closed_where_the_reader_leaves() -> None:
    content = Content(b"a", b"b")
    with client_of(gives(content)) as client, client.stream("GET", "/") as response:
        next(response.iter_raw())
    assert content.events == [b"a", "close"]


def test_the_content_is_closed_with_the_transport() -> None:
    content = Content(b"a", b"b")
    client = client_of(gives(content))
    response = client.send(client.build_request("GET", "/"), stream=True)
    client.close()
    assert content.events == [b"a", "close"]
    with pytest.raises(httpx2.ReadError):
        response.read()


def test_headers_may_come_late() -> None:
    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        yield b""
        start_response("201 Created", [("x-late", "1")])
        yield b"x"

    received = got(app)
    assert (received.status, received.headers["x-late"], received.pieces) == (201, "1", (b"x",))


def test_what_is_written_goes_out_first_piece_by_piece() -> None:
    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        write(b"a")
        write(b"b")
        return iter([b"c"])

    assert got(app).pieces == (b"a", b"b", b"c")


def test_the_content_is_closed_where_the_reader_gives_up() -> None:
    content = Content(b"a", b"b")
    client = client_of(gives(content), faults=Faults(stall_after=1), clock=Clock())
    with client.stream("GET", "/", timeout=5) as response:
        with pytest.raises(httpx2.ReadTimeout):
            response.read()
        assert content.events == [b"a", "close"]


def test_no_more_is_asked_for_than_was_promised() -> None:
    content = Content(b"abc", b"d")
    got(gives(content, ("Content-Length", "3")))
    assert content.events == [b"abc", "close"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content")])
def test_what_has_no_body_has_none(method: str, status: str) -> None:
    content = Content(b"abc")
    received = got(gives(content, ("Content-Length", "3"), status=status), method)
    assert (received.content, received.error, content.events[-1]) == (b"", None, "close")


def test_the_request_is_what_the_standard_says() -> None:
    seen: list[dict[str, Any]] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(environ | {"body": environ["wsgi.input"].read(3)})
        start_response("200 OK", [("content-type", "text/plain")])
        return [b"x"]

    errors = io.StringIO()
    options: Any = {"script_name": "/app", "client": ("::1", 5), "errors": errors}
    with client_of(validator(app), **options) as client:
        response = client.post("/ü?a=%20", content=b"abc", headers=[("X-A", "1"), ("X-A", "2")])
    assert response.content == b"x"
    environ = seen[0]
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/ü"
    assert environ["HTTP_X_A"] == "1,2"
    assert environ["body"] == b"abc"
    expected = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "a=%20",
        "CONTENT_LENGTH": "3",
        "SCRIPT_NAME": "/app",
        "REMOTE_ADDR": "::1",
        "REMOTE_PORT": "5",
        "SERVER_NAME": "test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }
    assert {name: environ[name] for name in expected} == expected


def test_the_requests_body_is_read_piece_by_piece() -> None:
    asked: list[bytes] = []

    def body() -> Iterator[bytes]:
        for line in (b"one\n", b"tw", b"o\n", b"three"):
            asked.append(line)
            yield line

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        for line in environ["wsgi.input"]:
            yield line + b"%d" % len(asked)

    with client_of(app) as client:
        received = fetch(client, "/", "POST", content=body())
    assert received.pieces == (b"one\n1", b"two\n3", b"three4")


def test_an_async_request_is_refused() -> None:
    request = httpx2.Request("POST", "http://test", stream=httpx2.AsyncByteStream())
    with pytest.raises(TypeError, match="expected a request of a Client"):
        WSGITransport(gives([])).handle_request(request)


def test_another_thread_may_close_a_response_whose_application_runs() -> None:
    entered, go_on = threading.Event(), threading.Event()
    events: list[str] = []

    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            yield b"a"
            entered.set()
            go_on.wait(10)
            yield b"b"
        finally:
            events.append("closed")

    errors: list[BaseException] = []

    def read() -> None:
        try:
            response.read()
        except httpx2.ReadError as error:
            errors.append(error)

    client = client_of(app)
    response = client.send(client.build_request("GET", "/"), stream=True)
    thread = threading.Thread(target=read)
    thread.start()
    assert entered.wait(10)
    response.close()
    assert events == []
    go_on.set()
    thread.join(10)
    assert events == ["closed"]
    assert len(errors) == 1


def test_another_thread_ends_a_stall_by_closing() -> None:
    errors: list[BaseException] = []

    def read() -> None:
        try:
            for piece in response.iter_raw():
                assert piece == b"a"
        except httpx2.ReadError as error:
            errors.append(error)

    class Waiting:
        def wait(self, seconds: float, event: threading.Event) -> bool:
            assert seconds == math.inf
            waits.set()
            return event.wait(10)

    waits = threading.Event()
    client = client_of(gives(Content(b"a", b"b")), faults=Faults(stall_after=1), clock=Waiting())
    response = client.send(client.build_request("GET", "/", timeout=None), stream=True)
    thread = threading.Thread(target=read)
    thread.start()
    assert waits.wait(10)
    response.close()
    thread.join(10)
    assert len(errors) == 1
