"""Runs one WSGI application in one worker of gunicorn; prints the port it took, and the worker's process."""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from bench.peers.serve import BACKLOG, end_with_parent

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker


class _Application(BaseApplication):
    def __init__(self, app: str, options: dict[str, Any]) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # In the worker, as gunicorn does it by itself.
        module, _, name = self._app.partition(":")
        return getattr(import_module(f"bench.peers.{module}"), name)


def _ready(worker: Worker) -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(worker.sockets[0].sock.getsockname()[1], os.getpid(), flush=True)


def main() -> None:
    """Serve until standard input ends."""
    worker_class, app = sys.argv[1:]
    threading.Thread(target=end_with_parent, daemon=True).start()
    options = {
        "bind": "127.0.0.1:0",
        "backlog": BACKLOG,
        "worker_class": worker_class,
        "threads": 1 if worker_class == "sync" else 4,
        "timeout": 0,  # a slow peer is slow, and not ended for it
        "loglevel": "warning",
        "control_socket_disable": True,
        "post_worker_init": _ready,
    }
    _Application(app, options).run()


if __name__ == "__main__":
    main()
