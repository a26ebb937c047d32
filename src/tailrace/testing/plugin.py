"""Fixtures for pytest: clients over the test transports, and time that jumps.

They work in plain tests, and in those of anyio's and pytest-asyncio's plugins. Nothing is imported for them until a
test asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.testing import Clock, JumpingLoop, StreamClients


@pytest.fixture
def stream_client() -> Iterator[StreamClients]:
    """Make clients: `stream_client(app)`, or `stream_client(ASGITransport(app, ...))`; they are closed afterwards."""
    from tailrace.testing import StreamClients  # noqa: PLC0415 - for those who ask

    clients = StreamClients()
    yield clients
    clients.close()


@pytest.fixture
def jumping_clock() -> Clock:
    """A clock for code that is given one: who sleeps by it has slept."""
    from tailrace.testing import Clock  # noqa: PLC0415 - for those who ask

    return Clock()


@pytest.fixture
def jumping_loop() -> Iterator[JumpingLoop]:
    """An event loop whose clock jumps, for `jumping_loop.run_until_complete(...)`; it is closed afterwards."""
    import asyncio  # noqa: PLC0415 - for those who ask

    from tailrace.testing import JumpingLoop  # noqa: PLC0415 - for those who ask

    loop = JumpingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop()
        yield loop
