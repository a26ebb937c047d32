"""What an application does wrong looks to its reader as it does on a server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tailrace.testing import ASGITransport, Received, fetch
from tests.testing.apps import asked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

CUT = "peer closed connection without sending complete message body"


def sends(*messages: Any, error: Exception | None = None) -> Any:
    """An application that sends these, then raises or returns."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
            await asyncio.sleep(1)
        if error is not None:
            raise error

    return app


def start(status: int = 200, **headers: str) -> Any:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": fields}


def body(data: bytes, *, more: bool = False) -> Any:
    return {"type": "http.response.body", "body": data, "more_body": more}


def got(app: Any, method: str = "GET", **options: Any) -> Received:
    received: Received = asked(app, lambda client: fetch(client, "/", method), **options)
    return received


ERROR = LookupError("the application's")


def test_an_error_before_the_response_is_the_callers() -> None:
    with pytest.raises(LookupError) as caught:
        got(sends(error=ERROR))
    assert caught.value is ERROR


def test_an_error_before_the_response_is_a_500_where_that_was_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    received = got(sends(error=ERROR), raise_app_exceptions=False)
    assert (received.status, received.content) == (500, b"Internal Server Error")
    assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [ERROR]


def test_what_the_caller_does_wrong_is_no_500() -> None:
    async def reads(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"x"
        raise LookupError("mine")

    async def post(client: httpx2.AsyncClient) -> None:
        await client.post("/", content=broken())

    with pytest.raises(LookupError, match="mine"):
        asked(reads, post, raise_app_exceptions=False)


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (sends(), "returned without a response"),
        (sends(body(b"x")), "expected the message http.response.start, got http.response.body"),
    ],
)
def test_no_response_is_an_error(app: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        got(app)
    assert got(app, raise_app_exceptions=False).status == 500


def test_an_application_that_cancels_itself_is_an_error_not_a_cancellation() -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError, match="was cancelled"):
        got(app)


@pytest.mark.parametrize(
    ("app", "cause", "how"),
    [
        (sends(start(), body(b"x", more=True), error=ERROR), LookupError, "incomplete chunked read"),
        (sends(start(), body(b"x", more=True)), type(None), "incomplete chunked read"),
        (
            sends(start(content_length="3"), body(b"x", more=True)),
            type(None),
            "received 1 bytes, expected 3",
        ),
        (sends(start(content_length="3"), body(b"x")), RuntimeError, "received 1 bytes, expected 3"),
        (sends(start(), body(b"x", more=True), start()), RuntimeError, "incomplete chunked read"),
        (sends(start(content_length="1"), body(b"xyz")), RuntimeError, "received 0 bytes, expected 1"),
    ],
    ids=["raises", "returns", "returns short", "ends short", "starts again", "too long"],
)
def test_a_failure_in_the_response_is_a_cut_transfer(app: Any, cause: type, how: str) -> None:
    received = got(app)
    assert isinstance(received.error, httpx2.RemoteProtocolError)
    assert str(received.error) == f"{CUT} ({how})"
    assert isinstance(received.error.__cause__, cause)
    assert received.pieces == (() if "received 0" in how else (b"x",))


def test_the_words_are_httpx2s(caplog: pytest.LogCaptureFixture) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        framing, body = b"transfer-encoding: chunked", b"1\r\nx\r\n"
        if b"/short" in request:
            framing, body = b"content-length: 3", b"x"
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n" + body)
        writer.close()
        await writer.wait_closed()

    async def main() -> list[str]:
        async with (
            await asyncio.start_server(serve, "127.0.0.1", 0) as server,
            httpx2.AsyncClient() as client,
        ):
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            found = [await fetch(client, url + path) for path in ("/short", "/chunked")]
            return [str(received.error) for received in found]

    assert asyncio.run(main()) == [
        f"{CUT} (received 1 bytes, expected 3)",
        f"{CUT} (incomplete chunked read)",
    ]
    assert not caplog.records


def test_an_error_behind_a_complete_response_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    received = got(sends(start(), body(b"x"), error=ERROR))
    assert (received.content, received.error) == (b"x", None)
    assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [ERROR]


def test_who_has_all_bytes_that_were_promised_has_not_left_before_the_last_message() -> None:
    errors: list[OSError] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start(content_length="1"))
        await send(body(b"x", more=True))
        await asyncio.sleep(1)
        try:
            await send(body(b""))
        except OSError as error:
            errors.append(error)

    transport = ASGITransport(app, spec_version="2.4")
    assert got(transport).error is None
    assert errors == []
    assert transport.stubborn == []


def test_a_message_behind_the_last_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    assert got(sends(start(), body(b"x"), body(b"y"))).content == b"x"
    assert "the response was complete" in str(caplog.records[0].exc_info)


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("HEAD", 200, {"content_length": "3"}),
        ("HEAD", 200, {}),
        ("GET", 204, {}),
        ("GET", 304, {"content_length": "3"}),
    ],
)
def test_what_has_no_body_has_none(method: str, status: int, headers: dict[str, str]) -> None:
    received = got(sends(start(status, **headers), body(b"xyz" if method == "HEAD" else b"")), method)
    assert (received.status, received.content, received.error) == (status, b"", None)
    assert received.headers.get("content-length") == headers.get("content_length")
