"""A real nginx in front of a server, on a port for each of the ways in which people configure it."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final

from tests.real import known, processes
from tests.real.ports import free_port

from .harness import START_WITHIN
from .wire import fetch

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.programs import Program

OVER_1_1: Final = "proxy_http_version 1.1; proxy_set_header Connection '';"
PROXIES: Final = {
    "nginx, default": "",
    "nginx, HTTP/1.1": OVER_1_1,
    "nginx, unbuffered": f"{OVER_1_1} proxy_buffering off;",
    "nginx, gzip": f"{OVER_1_1} gzip on; gzip_proxied any; gzip_min_length 1; gzip_types *;",
    "nginx, 1 s": f"{OVER_1_1} proxy_read_timeout 1s;",
}
"""What each has beside `proxy_pass`; nginx's own defaults otherwise, HTTP/1.0 to the server before 1.29 among them."""


@contextlib.contextmanager
def proxies(nginx: Program, upstream: int, folder: Path) -> Iterator[dict[str, int]]:
    """The port of each proxy, while they run."""
    folder = folder / nginx.name
    folder.mkdir(parents=True)
    ports = {name: free_port() for name in PROXIES}
    (folder / "nginx.conf").write_text(_configuration(ports, upstream, folder))
    words = [nginx.path, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    began = time.monotonic()
    with processes.running(words, env=nginx.environment) as process:
        _wait(ports, process, nginx, folder)
        known.started(nginx.name, nginx.version("-v"), nginx.source, time.monotonic() - began)
        yield ports


def _configuration(ports: dict[str, int], upstream: int, folder: Path) -> str:
    servers = "".join(
        f"server {{ listen 127.0.0.1:{ports[name]};"
        f" location / {{ proxy_pass http://127.0.0.1:{upstream}; {more} }} }}\n"
        for name, more in PROXIES.items()
    )
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Started by root, its workers would be somebody else, who may not write below root's folders.
    user = "user root;" if os.geteuid() == 0 else ""
    return (
        f"daemon off; worker_processes 1; {user} pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {paths}{servers} }}\n"
    )


def _wait(ports: dict[str, int], process: subprocess.Popen[bytes], nginx: Program, folder: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    log = folder / "error.log"
    for port in ports.values():
        while True:
            said = f"{nginx.path} ({process.poll()}): {log.read_text() if log.exists() else 'wrote no log'}"
            assert process.poll() is None, f"nginx did not start: {said}"
            assert time.monotonic() < deadline, f"nginx does not answer: {said}"
            with contextlib.suppress(OSError):
                if fetch(port, "/probe/ping").status == 200:
                    break
            time.sleep(0.02)
