"""What the sources did, run by run, and the endpoints that tell."""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass
class Run:
    """One test's own record; the test names it in `?run=`."""

    started: int = 0
    closing: int = 0
    """How many sources entered their `finally`."""
    closed: int = 0
    """How many came through the `await`s in it."""
    astray: int = 0
    """How many sync sources were closed in another thread than the one that ran them."""
    items: int = 0
    bytes: int = 0
    sends: int = 0
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Any] = field(default_factory=list)

    def finished(self, outcome: Any) -> None:
        """For `on_finish`."""
        self.outcomes.append({"reason": outcome.reason, "items": outcome.items, "bytes": outcome.bytes})


RUNS: dict[str, Run] = {}
HELD: list[object] = []
"""Every source, so that the garbage collector never closes one: who forgets it is found out."""


def run_named(name: str) -> Run:
    """The record of that name."""
    return RUNS.setdefault(name, Run())


def add_probes(app: FastAPI) -> None:
    """The endpoints through which a test looks into the process."""

    @app.get("/probe/ping")
    async def ping() -> Response:
        return Response(b"pong", media_type="text/plain")

    @app.get("/probe/state")
    async def state(run: str) -> dict[str, Any]:
        return asdict(run_named(run))

    @app.get("/probe/threads")
    async def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate()]

    @app.get("/probe/collect")
    async def collect() -> int:
        return gc.collect()


def add_middleware(app: FastAPI) -> None:
    """What Starlette calls BaseHTTPMiddleware, where the test wants it."""
    if not os.environ.get("WITH_MIDDLEWARE"):
        return

    @app.middleware("http")
    async def through(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        return await call_next(request)
