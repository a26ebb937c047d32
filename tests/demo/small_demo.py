"""The demo over a few packages only, on a free port: `small_demo.py CACHE REPOSITORY ROOT...`. Prints its port."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(cache: str, repository: str, *roots: str) -> None:
    """Serve until this process is told to end."""
    from examples.demo.app import create_app  # noqa: PLC0415 - workers of the index import this file too
    from examples.demo.history import find_repository  # noqa: PLC0415 - likewise
    from examples.demo.index import Index  # noqa: PLC0415 - likewise
    from examples.demo.serve import run  # noqa: PLC0415 - likewise

    # As in a terminal: a shell's background job would be deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    listener = socket.create_server(("127.0.0.1", 0))
    index = Index(Path(cache), [Path(root) for root in roots], "small")
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - for whoever has started it
    run(create_app(index, find_repository(Path(repository))), listener)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(*sys.argv[1:])
