"""Servers as child processes: started on a free port, watched through their log, killed as a group."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import sysconfig
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tests.real import known, processes
from tests.real.ports import free_port

from .wire import Reply, fetch

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

HERE: Final = Path(__file__).parent
SERVERS: Final = ("uvicorn", "hypercorn", "granian", "daphne")
ENDING: Final = ("daphne", "granian --interface wsgi")
"""The servers that cannot abort a transfer: they end it as if all were well."""
START_WITHIN: Final = 30.0
ATTEMPTS: Final = 3
ALARMING: Final = re.compile(r"\b(ERROR|CRITICAL)\b|Traceback \(most recent")


class Broken(AssertionError):
    """A promise that was not kept. Only a check raises it, so a control cannot fail for another reason."""


def expect(kept: object, otherwise: str) -> None:
    """Raise `Broken` unless the promise was kept."""
    if not kept:
        raise Broken(otherwise)


def eventually(probe: Callable[[], T], within: float, otherwise: str) -> T:
    """What `probe` returns as soon as that is true; `Broken` if it is not in time."""
    deadline = time.monotonic() + within
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Broken(f"{otherwise} (waited {within} s)")
        time.sleep(0.01)


@dataclass(frozen=True)
class Site:
    """An application: what a server calls it, where it is imported from, and what its environment says beside."""

    target: str
    folders: tuple[Path, ...] = (HERE,)
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, app: str | Site) -> Site:
        """One of `apps`, by the name of its module."""
        return app if isinstance(app, Site) else cls(f"apps.{app}:app")


@dataclass
class Server:
    """A running server and what a test may ask about it."""

    name: str
    middleware: bool
    port: int
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def aborts(self) -> bool:
        """Whether an unfinished body is seen as such: not behind the middleware, never on those of `ENDING`."""
        return not self.middleware and not self.name.startswith(ENDING)

    @property
    def holds_back(self) -> bool:
        """Whether `send` waits for a client that does not read."""
        return self.name != "daphne"

    def get(
        self,
        target: str,
        *,
        accept: str = "*/*",
        method: str = "GET",
        headers: dict[str, str] | None = None,
        within: float = 5.0,
    ) -> Reply:
        """One whole exchange on a connection of its own."""
        return fetch(
            self.port, target, method=method, headers={"accept": accept, **(headers or {})}, within=within
        )

    def state(self, run: str) -> dict[str, Any]:
        """What the application has recorded about one run."""
        reply = self.get(f"/probe/state?run={run}")
        expect(reply.status == 200, "the probe does not answer")
        return dict(reply.json)

    def threads(self) -> list[str]:
        """The names of the live Python threads."""
        return list(self.get("/probe/threads").json)

    def wrote(self) -> str:
        """Its whole log so far."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it and its workers; nothing is waited for, tests of shutdown are elsewhere."""
        processes.end(self.process)


def command(name: str, target: str, port: int) -> list[str]:
    """How each server is started: its own defaults, one worker, or the options behind its name."""
    if name == "hypercorn serve()":
        return [sys.executable, str(HERE / "shutdown_serve.py"), target, str(port)]
    scripts = sysconfig.get_path("scripts")
    name, *options = name.split()
    program = shutil.which(name, path=scripts)
    assert program, f"{name} is not installed in {scripts}"
    return [
        program,
        *options,
        *{
            "uvicorn": [target, "--host", "127.0.0.1", "--port", str(port)],
            "hypercorn": [target, "--bind", f"127.0.0.1:{port}", "--error-logfile", "-"],
            "granian": [*_asgi(options), target, "--host", "127.0.0.1", "--port", str(port)],
            "daphne": [target, "-b", "127.0.0.1", "-p", str(port)],
            # Its control socket is one file for all of a user's instances, in their home.
            "gunicorn": [target, "--bind", f"127.0.0.1:{port}", "--no-control-socket"],
        }[name],
    ]


def _asgi(options: list[str]) -> list[str]:
    return [] if "--interface" in options else ["--interface", "asgi"]


def start(name: str, *, middleware: bool, app: str | Site, logs: Path, port: int | None = None) -> Server:
    """A server that answers; tried again on another port, unless one is given, if that one was taken meanwhile."""
    site = Site.of(app)
    for attempt in range(ATTEMPTS):
        log = logs / f"{name}-{'middleware' if middleware else 'bare'}-{site.target}-{attempt}.log"
        began = time.monotonic()
        server = _spawn(name, middleware=middleware, site=site, log=log, port=port or free_port())
        if _answers(server):
            program = name.split(maxsplit=1)[0]
            known.started(program, metadata.version(program), "PyPI", time.monotonic() - began)
            return server
        server.kill()
    raise RuntimeError(f"{name} did not start; see {logs}")


def _spawn(name: str, *, middleware: bool, site: Site, log: Path, port: int) -> Server:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, site.folders)),
        "PYTHONUNBUFFERED": "1",
        "WITH_MIDDLEWARE": "1" if middleware else "",
        **site.environment,
    }
    with log.open("wb") as output:
        words = command(name, site.target, port)
        process = processes.spawn(words, cwd=site.folders[0], env=environment, stdout=output, stderr=output)
    return Server(name, middleware, port, log, process)


def _answers(server: Server) -> bool:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(OSError):
            return server.get("/probe/ping").status == 200
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def running(
    name: str, *, middleware: bool, app: str | Site, logs: Path, port: int | None = None
) -> Iterator[Server]:
    """A server for the time of a `with`."""
    server = start(name, middleware=middleware, app=app, logs=logs, port=port)
    try:
        yield server
    finally:
        server.kill()


def log_since(server: Server, mark: int) -> str:
    """What the server wrote after its log was `mark` characters long."""
    return server.wrote()[mark:]


def alarms(text: str) -> list[str]:
    """The lines of a log that would wake somebody up."""
    return [line for line in text.splitlines() if ALARMING.search(line)]


assert sys.platform == "linux", "the servers' tests are for Linux: process groups, SO_LINGER"
