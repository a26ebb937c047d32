"""Serve `python -m bench.peers.serve MODULE:APP` with uvicorn in one process; prints the port it took."""

from __future__ import annotations

import os
import socket
import sys
import threading
from importlib import import_module

import uvicorn

BACKLOG = 4096


def end_with_parent() -> None:
    """End this process as soon as standard input does."""
    # Without the lock of `sys.stdin`, which a worker would be forked with.
    while os.read(0, 1024):
        pass
    os._exit(0)


def main() -> None:
    """Serve until standard input ends."""
    module, _, name = sys.argv[1].partition(":")
    app = getattr(import_module(f"bench.peers.{module}"), name)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=end_with_parent, daemon=True).start()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        backlog=BACKLOG,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
