"""A server process under measurement: started, looked at from outside, ended."""

from __future__ import annotations

import http.client
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from bench.env import PEERS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from bench.env import Environment

_STOP_WITHIN = 3.0


class ServerError(Exception):
    """The server did not do what a measurement needs; the message ends in what it wrote to stderr."""


class Server:
    """`app` is `module:name` of an application in `bench.peers`, or a script for node; `kind` is who serves it."""

    def __init__(
        self,
        environment: Environment,
        app: str,
        kind: str = "uvicorn",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Start the process with these variables of the environment, and wait for its port."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        if app.endswith(".mjs"):
            command = [str(environment.node), str(PEERS / app)]
        elif kind == "uvicorn":
            command = [str(environment.python), "-m", "bench.peers.serve", app]
        else:
            command = [str(environment.python), "-m", "bench.peers.serve_wsgi", kind, app]
        # In a session of its own: a Ctrl-C is for the parent, which ends its servers in order.
        # Standard input is a pipe: a server whose parent was killed sees its end, and goes.
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        try:
            self.port, self.pid = self._read_port()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def _read_port(self) -> tuple[int, int]:
        """The port, and the process that answers there: this one, or a worker of it."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - a pipe was asked for
        line = stdout.readline()
        if not line:
            raise ServerError("the server ended before it was ready" + self.said())
        # It listens already: what connects from now on is answered.
        port, _, worker = line.decode().partition(" ")
        return int(port), int(worker or self._process.pid)

    def fetch(self, path: str, accept: str) -> bytes:
        """The whole body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Accept": accept})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"{path}: {error!r}" + self.said()) from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise ServerError(f"{path}: {answer.status} {body[:200]!r}" + self.said())
        return body

    def said(self) -> str:
        """The end of what it wrote to stderr."""
        self._log.seek(0)
        text = self._log.read().decode(errors="replace").strip()
        return f"\n{text[-2000:]}" if text else ""

    def rss(self) -> int:
        """Bytes resident now."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def forget_peak(self) -> bool:
        """Start a new peak; False where the system does not keep one (it is not Linux)."""
        try:
            # "5" resets the peak resident set size: proc(5), /proc/pid/clear_refs.
            Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        except OSError:
            return False
        return True

    def peak(self) -> int:
        """The most bytes resident since `forget_peak`."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise ServerError("no VmHWM in /proc" + self.said())

    def close(self) -> None:
        """End the process, and see to it that it has ended."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
