"""A server that answers byte for byte as a test says, and the program as a process."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from typer.testing import CliRunner

from tailrace.cli.app import application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHIN: Final = 20.0
APP: Final = application()
AT_ONCE: Final = struct.pack("ii", 1, 0)


@dataclass
class Asked:
    """A request, and the connection to answer it on."""

    target: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket
    method: str = "GET"

    def answer(self, status: str, headers: dict[str, Any] | None = None, body: bytes = b"") -> None:
        """The head, and what there is of the body."""
        lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send("\r\n".join([f"HTTP/1.1 {status}", *lines, "Connection: close", "", ""]).encode() + body)

    def send(self, data: bytes) -> None:
        """More of it; whoever has left is left."""
        with contextlib.suppress(OSError):
            self.connection.sendall(data)

    def reset(self) -> None:
        """End the connection as a machine that died would."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)


@dataclass
class Scripted:
    url: str
    asked: list[Asked] = field(default_factory=list[Asked])


@contextlib.contextmanager
def scripted(*script: Callable[[Asked], None]) -> Iterator[Scripted]:
    """A server that answers each request as the next function does; the last answers all that are left."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, server, script), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(WITHIN)
            assert not thread.is_alive()


def _serve(listener: socket.socket, server: Scripted, script: tuple[Callable[[Asked], None], ...]) -> None:
    workers: list[threading.Thread] = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        workers.append(threading.Thread(target=_answer, args=(connection, server, script), daemon=True))
        workers[-1].start()
    for worker in workers:
        worker.join(WITHIN)


def _answer(connection: socket.socket, server: Scripted, script: tuple[Callable[[Asked], None], ...]) -> None:
    with connection, contextlib.suppress(OSError):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        method, target, _ = first.split(" ")
        request = Asked(target, headers, body, connection, method)
        server.asked.append(request)
        script[min(len(server.asked), len(script)) - 1](request)


@dataclass
class Ran:
    code: int
    out: str
    err: str
    data: bytes
    """What `out` is, as it came."""


PROGRAM: Final = """\
import signal
from tailrace.cli.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""As its script has it, but for Ctrl-C: whoever runs the tests in the background may have it ignored."""


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *words]


def environment() -> dict[str, str]:
    """Without what would flush stdout for the program, which has to do it itself."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, "PYTHONWARNINGS": "error", "COLUMNS": "100", "NO_PROXY": "*"}


def invoke(*words: str, stdin: str | None = None) -> Ran:
    """The program in this process, which takes a tenth of the time; not as a shell would see it."""
    done = CliRunner().invoke(APP, list(words), input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return Ran(done.exit_code, done.stdout_bytes.decode("utf-8", "replace"), done.stderr, done.stdout_bytes)
