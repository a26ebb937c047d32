"""An app behind a real uvicorn on a free port, in a thread of the test's own process."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STOP = 10.0


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of `app` while it is served."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # The socket listens already: who connects before the server runs waits in its queue.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(STOP)
            assert not thread.is_alive(), "the server does not stop"


def until(condition: Callable[[], object], otherwise: str, seconds: float = 10) -> None:
    """Wait for `condition`, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)
