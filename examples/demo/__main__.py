"""`python -m examples.demo`: serve the demo on this machine's own data."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PORT_MAX = 65535
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main(argv: list[str] | None = None) -> None:
    """Bind, say where, and serve until Ctrl-C."""
    options = _options(argv)
    listener = _bind(options.host, options.port)
    # Only now: a worker of the index imports this module too and needs no server.
    from examples.demo.serve import serve  # noqa: PLC0415 - see above

    host = "localhost" if options.host in LOOPBACK else options.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    serve(listener, url, cache=options.cache, project=ROOT)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", default=8000, type=_port, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--cache", default=_cache(), type=Path, help="keeps the index (default: %(default)s)")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > PORT_MAX:
        msg = f"a port is a number from 0 to {PORT_MAX}, not {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _cache() -> Path:
    if os.access(ROOT, os.W_OK):
        return ROOT / ".cache" / "demo"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tailrace-demo"


def _bind(host: str, port: int) -> socket.socket:
    """Listen before anything else is done, so that a port in use is known at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        why = {
            errno.EADDRINUSE: f"port {port} is in use; choose another with --port (0 takes a free one)",
            errno.EACCES: f"port {port} is not for this user; choose one above 1023 with --port",
        }
        sys.exit(f"tailrace demo: cannot listen on {host}: {why.get(error.errno or 0, error)}")
    return listener


if __name__ == "__main__":
    main()
