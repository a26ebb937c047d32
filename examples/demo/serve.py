"""Serving the demo on a socket that is already there."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from examples.demo.app import create_app
from examples.demo.build import python_roots, stamp
from examples.demo.history import find_repository
from examples.demo.index import Index
from examples.demo.terminal import Bar

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from fastapi import FastAPI

GRACE = 3


class Server(uvicorn.Server):
    """A server that does not wait for open pages: their streams have no end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # To each stream this is a reader that leaves: its source is closed, quietly.
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await super().shutdown(sockets)


def serve(listener: socket.socket, url: str, *, cache: Path, project: Path) -> None:
    """Serve on `listener` until Ctrl-C: the index kept in `cache`, the history that of `project`."""
    roots = python_roots()
    index = Index(cache, roots, stamp(roots), report=Bar(sys.stderr))
    print(f"tailrace demo: {url}  (Ctrl-C stops it)", flush=True)
    run(create_app(index, find_repository(project)), listener)


def run(app: FastAPI, listener: socket.socket) -> None:
    """Run `app` on `listener` until Ctrl-C."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE,  # for a source that is in the middle of a measurement
    )
    with suppress(KeyboardInterrupt):  # which uvicorn passes on after it has shut down
        Server(config).run(sockets=[listener])
