"""Many connections to an endless event stream, in a process of its own; prints what it saw as JSON.

`python -m bench.crowd PORT PATH CONNECTIONS PID INTERVAL SECONDS`: events come each INTERVAL seconds on
each connection, and are counted for SECONDS. With INTERVAL 0 the connections are held, once each has had
an event, until standard input ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import sys
import time

from bench.cpu import Cpu

_OUTSTANDING = 200
"""Connections that may wait for their first event at a time: what is measured is not the accepting."""

_WARM = 0.7
_COMING = 0.002
"""Seconds for a connection to be made, roughly: events start when all are there."""

_WITHIN = 120.0
_STAMP = b'"t":'


class Crowd:
    """The connections, and the ages of the events that came over them."""

    def __init__(self, port: int, path: str) -> None:
        self.latencies: list[int] = []
        self.lost = 0
        self._port = port
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        self._selector = selectors.DefaultSelector()
        self._waiting: set[socket.socket] = set()

    def connect(self, count: int) -> None:
        """Open `count` connections; returns when each has had its first event."""
        deadline = time.monotonic() + _WITHIN
        opened = 0
        while opened < count or self._waiting:
            while opened < count and len(self._waiting) < _OUTSTANDING:
                connection = socket.create_connection(("127.0.0.1", self._port))
                connection.sendall(self._request)
                connection.settimeout(0)
                self._selector.register(connection, selectors.EVENT_READ)
                self._waiting.add(connection)
                opened += 1
            self._turn()
            if time.monotonic() > deadline:
                sys.exit(f"{len(self._waiting)} of {opened} connections had no event within {_WITHIN:.0f} s")

    def listen(self, seconds: float) -> None:
        """Take events for `seconds`."""
        self.latencies = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._turn()

    def _turn(self) -> None:
        for key, _ in self._selector.select(1.0):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)  # noqa: S101 - nothing else was registered
            data = b""
            with contextlib.suppress(OSError):
                data = connection.recv(1 << 16)
            if not data:
                self.lost += 1
                self._selector.unregister(connection)
                self._waiting.discard(connection)
                continue
            now = time.monotonic_ns()
            for part in data.split(_STAMP)[1:]:
                # An event that is cut between two segments is left out.
                stamp, brace, _ = part.partition(b"}")
                if brace:
                    self.latencies.append(now - int(stamp))
            if self._waiting and _STAMP in data:
                self._waiting.discard(connection)


def _percentile(ordered: list[int], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6


def main() -> None:
    """Connect, listen, print."""
    port, path, count, pid, interval, seconds = sys.argv[1:]
    start = 0.0
    if float(interval):
        start = time.monotonic() + 0.5 + int(count) * _COMING
        path += f"?tick={interval}@{start}"
    crowd, cpu = Crowd(int(port), path), Cpu(int(pid))
    crowd.connect(int(count))
    if not float(interval):
        print("ready", flush=True)
        sys.stdin.read()
        os._exit(0)
    crowd.listen(max(0.0, start - time.monotonic()) + _WARM)
    used, mine, begin = cpu.read(), time.process_time(), time.monotonic()
    crowd.listen(float(seconds))
    wall, used, mine = time.monotonic() - begin, cpu.read() - used, time.process_time() - mine
    ordered = sorted(crowd.latencies)
    seen = {
        "events": len(ordered),
        "wall": wall,
        "cpu": used,
        "reader": mine,
        "lost": crowd.lost,
        "p50": _percentile(ordered, 0.50),
        "p99": _percentile(ordered, 0.99),
    }
    print(json.dumps(seen), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
