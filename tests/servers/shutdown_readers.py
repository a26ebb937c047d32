"""Many readers at a time: bare sockets, curl and httpx2, and what each of them was told last."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from subprocess import DEVNULL, PIPE
from time import monotonic
from typing import TYPE_CHECKING, Final, Self

import httpx2

from .harness import Server, eventually
from .wire import Client, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.real.programs import Program

EVENTS: Final = "text/event-stream"
FIRST: Final = b'"n":0'
ANSWERED_WITHIN: Final = 20.0
HEARD_WITHIN: Final = 10.0
GIVEN_UP_AFTER: Final = 30.0
BATCH: Final = 40
CURL: Final = {0: "complete", 18: "cut"}


@dataclass
class Reader:
    """What a reader had, and how and when the transfer ended, as it says itself."""

    body: bytes = b""
    ending: str = "open"
    ended: float = 0.0

    @classmethod
    def of(cls, reply: Reply) -> Self:
        """That of a bare socket, which has just come so far."""
        return cls(reply.body, reply.ending, monotonic())

    def end(self, ending: str) -> None:
        """That was all."""
        self.ending, self.ended = ending, monotonic()

    @property
    def retry(self) -> int | None:
        """After how many milliseconds it comes back, if that is the last that it was told."""
        told = re.search(rb"\nretry: (\d+)\n\n\Z", self.body)
        return int(told[1]) if told else None


@contextlib.contextmanager
def asking(server: Server, target: str, accept: str, count: int) -> Iterator[list[Client]]:
    """Clients on bare sockets that have had their first item; as many at a time as wait to be accepted."""
    with contextlib.ExitStack() as stack:
        clients: list[Client] = []
        for start in range(0, count, BATCH):
            batch = [stack.enter_context(Client(server.port)) for _ in range(min(BATCH, count - start))]
            for client in batch:
                client.ask(target, headers={"accept": accept})
            for client in batch:
                assert FIRST in client.read(until=FIRST).body
            clients += batch
        yield clients


def heard(clients: Sequence[Client], until: bytes | None = None) -> list[Reader]:
    """What each of them has had when its stream has ended, or has `until` in it, or all of them in ten seconds."""
    deadline = monotonic() + HEARD_WITHIN
    return [Reader.of(client.read(within=deadline - monotonic(), until=until)) for client in clients]


@contextlib.contextmanager
def programs(curl: Program, server: Server, target: str, count: int) -> Iterator[Callable[[], list[Reader]]]:
    """As many curls and as many streams of httpx2, which have had their first item; called, they are awaited."""
    readers = [Reader() for _ in range(2 * count)]

    def ended() -> list[Reader]:
        reading.result()
        return readers

    with ThreadPoolExecutor(1) as pool:
        url = f"http://127.0.0.1:{server.port}{target}"
        reading = pool.submit(asyncio.run, _read(curl, url, readers))
        eventually(
            lambda: reading.done() or all(FIRST in reader.body for reader in readers),
            ANSWERED_WITHIN,
            "curl or httpx2 was not answered",
        )
        yield ended


def is_free(port: int) -> bool:
    """Whether nobody listens on a port; connections of the one before may still be open."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
        return False


async def _read(curl: Program, url: str, readers: list[Reader]) -> None:
    half = len(readers) // 2
    async with (
        asyncio.timeout(GIVEN_UP_AFTER),
        httpx2.AsyncClient(timeout=GIVEN_UP_AFTER, trust_env=False) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for reader in readers[:half]:
            tasks.create_task(_curl(curl, url, reader))
        for reader in readers[half:]:
            tasks.create_task(_httpx2(client, url, reader))


async def _curl(curl: Program, url: str, reader: Reader) -> None:
    words = (curl.path, "-sN", "--noproxy", "*", "-H", f"accept: {EVENTS}", url)
    process = await asyncio.create_subprocess_exec(*words, env=curl.environment, stdin=DEVNULL, stdout=PIPE)
    assert process.stdout is not None
    try:
        while piece := await process.stdout.read(1 << 16):
            reader.body += piece
        code = await process.wait()
        reader.end(CURL.get(code, f"curl exits with {code}"))
    finally:
        if process.returncode is None:
            process.kill()


async def _httpx2(client: httpx2.AsyncClient, url: str, reader: Reader) -> None:
    try:
        async with client.stream("GET", url, headers={"accept": EVENTS}) as response:
            async for piece in response.aiter_bytes():
                reader.body += piece
        reader.end("complete")
    except httpx2.TransportError as error:
        reader.end("cut" if isinstance(error, httpx2.RemoteProtocolError) else repr(error))
