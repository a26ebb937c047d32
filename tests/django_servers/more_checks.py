"""The promises that only Django has to keep, as checks of any endpoint; the others are `tests.servers.checks`."""

from __future__ import annotations

import contextlib
import json
import zlib
from typing import TYPE_CHECKING, Final

from tests.servers.checks import NDJSON
from tests.servers.harness import Broken, Server, eventually, expect, log_since
from tests.servers.wire import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.wire import Reply

POOLS: Final = ("ThreadPoolExecutor-0_", "Dummy-")
"""The threads of gunicorn's and of granian's own."""


def first_comes_first(server: Server, target: str) -> None:
    """9: the first item is with its client before the second one is made."""
    reply = server.get(target, accept=NDJSON)
    expect(reply.ending == "complete" and reply.body.count(b"\n") == 2, f"not two items: {reply.body!r}")
    _, second = (json.loads(line)["t"] for line in reply.body.splitlines())
    arrived = next(at for at, chunk in reply.chunks if chunk)
    expect(arrived < second, "the first item waits for the second")


def one_gzip_member(reply: Reply) -> None:
    """9: what says that it is gzip is one member, which is all that many clients read."""
    expect(reply.header("content-encoding") == "gzip", f"not compressed: {reply.headers}")
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    text = decoder.decompress(reply.body)
    expect(decoder.eof and not decoder.unused_data, f"more than one gzip member: the first has {text!r}")


def comes_one_by_one(reply: Reply) -> None:
    """9: twelve items in a row, ten milliseconds apart, are not gathered by what stands in between."""
    expect(reply.ending == "complete", "the stream does not end")
    expect(len(reply.chunks) > 6, f"items are held back: they come in {len(reply.chunks)} pieces")


def error_is_the_sources(server: Server, target: str, text: str) -> None:
    """9: the log has the exception that the source raised, and no other in its place."""
    mark = len(server.wrote())
    server.get(target, within=2)
    logged = eventually(lambda: _complete(log_since(server, mark)), 3, "nothing was logged")
    expect(text in logged, f"the source's own error is not in the log: {logged[-300:]}")
    expect("__aiter__" not in logged and "not iterable" not in logged, "another error stands in its place")


def _complete(log: str) -> str:
    return log if "TypeError: " in log else ""


def open_files(server: Server) -> int:
    """How many connections to the SQLite database the process has."""
    return int(server.get("/probe/connections").json)


def no_connection_remains(server: Server, target: str, count: Callable[[], int], within: float = 1.0) -> None:
    """Behind a stream whose source has read the database, in whichever thread."""
    reply = server.get(target, accept=NDJSON)
    expect(reply.ending == "complete" and reply.body.count(b"\n") == 500, "not all rows came")
    eventually(lambda: not count(), within, "a connection remains behind the stream")


def no_thread_remains(server: Server, target: str, run: str, count: int, within: float = 2.0) -> None:
    """Fault 2: clients of sync generators leave, and the threads end."""
    before = len(busy(server))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(count)]
        for client in clients:
            client.ask(target)
        eventually(lambda: server.state(run)["started"] == count, 10, f"{count} clients are not served")
    # One that Django had for the request before this probe may not have ended yet.
    with contextlib.suppress(Broken):
        eventually(lambda: len(busy(server)) <= before + 1, within, "threads stay behind")
    left = busy(server)
    expect(len(left) <= before + 1, f"threads stay behind: {left}, there were {before}")


def busy(server: Server) -> list[str]:
    """The threads but for those that a WSGI server keeps for its next requests."""
    return [name for name in server.threads() if not name.startswith(POOLS)]


def accepts_event_source(server: Server, target: str) -> None:
    """8: what a browser's EventSource asks for is not refused."""
    reply = server.get(target, accept="text/event-stream")
    expect(reply.status == 200, f"EventSource is answered {reply.status}")
    expect((reply.header("content-type") or "").startswith("text/event-stream"), "not events")
