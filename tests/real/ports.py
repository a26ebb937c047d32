"""Free ports."""

from __future__ import annotations

import os
import random
import socket
from typing import Final

# Below those that the system gives to whoever connects (Linux: 32768 to 60999), of which tests with many clients
# have hundreds: between the look at a port and its use nobody takes it by chance.
# Each process of a run has its own.
_PROCESS: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
CANDIDATES: Final = range(10_000 + 2200 * _PROCESS, 12_200 + 2200 * _PROCESS)
_given: set[int] = set()


def free_port() -> int:
    """A port of the loopback that is free, and that no other test of this run was given."""
    for port in random.sample(CANDIDATES, len(CANDIDATES)):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise RuntimeError(f"no port from {CANDIDATES.start} to {CANDIDATES.stop} is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
