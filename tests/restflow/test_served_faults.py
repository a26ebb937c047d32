"""Streams of restflow's names on real servers: those that fail, and those that nobody reads."""

from __future__ import annotations

import contextlib
import time
from http.client import HTTPConnection, IncompleteRead
from typing import TYPE_CHECKING, Any

import pytest

from tailrace.client.sync import connect
from tailrace.errors import StreamFailed, Truncated
from tests.restflow.serving import ON_ASGI, new_run
from tests.servers.harness import alarms, eventually, log_since
from tests.servers.wire import Client

if TYPE_CHECKING:
    from tests.servers.harness import Server


FAILED = {
    "list": b'[{"data":1}]',
    "lines": b'{"data":1}\n{"problem":{"title":"Internal Server Error","status":500,"ref":"%b"}',
    "events": b'data: 1\n\nevent: problem\ndata: {"title":"Internal Server Error","status":500,"ref":"%b"}\n',
}


@pytest.mark.seed("R9")
@pytest.mark.seed("R16")
@pytest.mark.seed("R21")
@pytest.mark.parametrize(
    ("kind", "source", "said"),
    [
        *[(kind, source, "the secret of the disk") for kind in FAILED for source in ["failing"]],
        *[(kind, "unwritable", "Object of type object is not JSON serializable") for kind in FAILED],
        (
            "events",
            "bad-field",
            "SSE event field 'id' must not contain CR or LF characters. Strip newlines before",
        ),
    ],
)
def test_a_failure(server: Server, kind: str, source: str, said: str) -> None:
    """What came before it is there, the transfer is cut, and the log says why."""
    mark = len(server.wrote())
    reply = server.get(f"/made/{kind}/{source}/{new_run()}")
    assert (reply.status, reply.ending) == (200, "cut")
    eventually(lambda: said in server.wrote()[mark:], 5, "the log does not say what failed")
    log = server.wrote()[mark:]
    ref = log.partition("(ref ")[2].partition(")")[0]
    assert reply.body == (FAILED[kind] if kind == "list" else FAILED[kind] % ref.encode())
    if kind == "list":
        told = "StreamingJSONListResponse was closed after 1 items although they failed"
        eventually(lambda: told in server.wrote()[mark:], 5, "nobody is told that the list is closed")


@ON_ASGI
@pytest.mark.seed("R9")
@pytest.mark.parametrize(
    ("source", "body"), [("failing", b'[{"data": 1}]'), ("unwritable", b'[{"data": 1},]')]
)
def test_restflows_failures(server: Server, source: str, body: bytes) -> None:
    reply = server.get(f"/made/restflow-list/{source}/{new_run()}")
    assert (reply.body, reply.ending) == (body, "cut")


@pytest.mark.seed("R21")
@pytest.mark.parametrize(("kind", "error"), [("lines", StreamFailed), ("events", Truncated)])
def test_our_reader_notices_a_failure(server: Server, kind: str, error: type[Exception]) -> None:
    seen: list[Any] = []
    with pytest.raises(error):
        seen.extend(connect(f"http://127.0.0.1:{server.port}/made/{kind}/failing/{new_run()}"))


@pytest.mark.seed("R9")
def test_a_closed_list_is_noticed_by_its_transfer_only(server: Server) -> None:
    connection = HTTPConnection("127.0.0.1", server.port)
    with contextlib.closing(connection):
        connection.request("GET", f"/made/list/failing/{new_run()}")
        with pytest.raises(IncompleteRead):
            connection.getresponse().read()
    address = f"http://127.0.0.1:{server.port}/made/list/failing/{new_run()}"
    assert list(connect(address)) == [{"data": 1}]


# Back-pressure


@pytest.mark.seed("R5")
@pytest.mark.seed("R22")
@pytest.mark.parametrize("kind", FAILED)
def test_a_client_that_does_not_read_holds_the_items_back(server: Server, kind: str) -> None:
    run, mark = new_run(), len(server.wrote())

    def state() -> dict[str, Any]:
        return dict(server.get(f"/probe/run/{run}").json)

    with Client(server.port, receive_buffer=4096) as client:
        client.ask(f"/made/{kind}/flood/{run}")
        client.head()
        made = [-1, eventually(lambda: state()["made"], 5, "nothing was made")]
        while made[-1] != made[-2]:
            time.sleep(0.1)
            made.append(state()["made"])
        # What the kernel's buffers hold, and no more.
        assert made[-1] < 2000
        assert not state()["closed"]
    eventually(lambda: state()["closed"], 5, "the source of a client that has left is still open")
    assert not alarms(log_since(server, mark))
