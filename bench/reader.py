"""One request, read as fast as Python's sockets can, in a process of its own; prints what it saw as JSON.

`python -m bench.reader PORT PATH COUNT ACCEPT PID`: PID is the server, whose CPU clock is read before and
after. Some short answers come first: the time to the first byte is the median of theirs.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path

from bench.cpu import Cpu

_ROOM = 1 << 20
_TIMEOUT = 300.0
_SHORT = 2000
_SHORT_ANSWERS = 9
_AFTERWARDS = 0.05
"""Seconds for what the server does behind the last byte."""


class Chunked:
    """Counts the bytes of a chunked body (RFC 9112, section 7.1), and sees whether it ended."""

    def __init__(self) -> None:
        self.size = 0
        self.ended = False
        self._left = 0
        self._partial = b""

    def take(self, data: bytes | memoryview, length: int) -> None:
        """The next `length` bytes."""
        at = 0
        if self._partial:
            data = self._partial + bytes(data[:length])
            length = len(data)
            self._partial = b""
        while at < length:
            if self._left:
                step = min(self._left, length - at)
                self._left -= step
                at += step
                continue
            # At most a CRLF, a size in hex and a CRLF.
            line = bytes(data[at : min(at + 20, length)])
            start = 2 if line.startswith(b"\r\n") else 0
            end = line.find(b"\r\n", start)
            if end < 0 or (line[start:end] == b"0" and len(line) < end + 4):
                self._partial = bytes(data[at:length])
                return
            size = int(line[start:end], 16)
            self.size += size
            self._left = size
            at += end + 2
            if not size:
                self.ended = line[end:] == b"\r\n\r\n" and length - at == 2
                return


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(1 << 16)
        if not part:
            break
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.lower(), rest


def read(port: int, path: str, accept: str, pid: int) -> dict[str, float]:
    """Read one answer; `size` is -1 where it did not end as a chunked body ends."""
    cpu, body = Cpu(pid), Chunked()
    view = memoryview(bytearray(_ROOM))
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
        used, begin = cpu.read(), time.perf_counter()
        connection.sendall(request.encode())
        _, rest = _head(connection)
        length = 0
        if not rest:
            length = connection.recv_into(view)
        first = time.perf_counter()
        body.take(rest or view, len(rest) or length)
        while not body.ended:
            length = connection.recv_into(view)
            if not length:
                break
            body.take(view, length)
        wall = time.perf_counter() - begin
    time.sleep(_AFTERWARDS)
    size = body.size if body.ended else -1
    return {"size": size, "first": first - begin, "wall": wall, "cpu": cpu.read() - used}


def _apart(pid: int) -> None:
    """Give the server and the reader a core each: on one, the first byte waits for whoever runs to pause."""
    if hasattr(os, "sched_setaffinity"):
        *theirs, ours = sorted(os.sched_getaffinity(0))
        if theirs:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), theirs)
            os.sched_setaffinity(0, {ours})


def main() -> None:
    """Read the short answers, then the long one."""
    port, path, count, accept, pid = sys.argv[1:]
    _apart(int(pid))
    firsts = [
        read(int(port), f"{path}?count={_SHORT}", accept, int(pid))["first"] for _ in range(_SHORT_ANSWERS)
    ]
    seen = read(int(port), f"{path}?count={count}", accept, int(pid))
    seen["first"] = sorted(firsts)[_SHORT_ANSWERS // 2]
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
