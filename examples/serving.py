"""What `python -m examples.NAME` does: serve the example's app and say where."""

from __future__ import annotations

import argparse
import contextlib
import logging
import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from fastapi import FastAPI


def serve(app: FastAPI, path: str) -> None:
    """Serve `app` until Ctrl-C, and print the address of `path`, its stream."""
    parser = argparse.ArgumentParser(description=app.description)
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with socket.create_server(("127.0.0.1", options.port)) as listener:
        print(f"http://localhost:{listener.getsockname()[1]}{path}", flush=True)
        # An endless stream never ends by itself: Ctrl-C waits a second for it.
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
