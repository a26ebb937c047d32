"""What a client that uses none of our code sees when a stream fails, through everything that may stand between."""

from __future__ import annotations

import contextlib
import csv
import itertools
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from .checks import CSV, JSON, JSON_SEQ, NDJSON, SSE, parsed
from .harness import running
from .proxies import PROXIES, proxies
from .wire import Client

try:
    from compression import zstd  # pyright: ignore[reportMissingImports] - of Python 3.14
except ImportError:
    from backports import zstd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.programs import Program

FORMATS: Final = {
    "JSON array": JSON,
    "NDJSON": NDJSON,
    "events": SSE,
    "JSON text sequence": JSON_SEQ,
    "CSV": CSV,
}
POINTS: Final = {"failing_soon": 1, "failing": 3, "failing_far": 8_000}
AT_FIRST: Final = "failing_first"
STACKS: Final = ("bare", "middleware", "GZipMiddleware", "compression")
"""The application by itself; with `@app.middleware("http")`; under Starlette's GZipMiddleware; compressing itself."""
WAYS: Final = ("none", *PROXIES)


@dataclass(frozen=True)
class Seen:
    """One answer to a client: whether its body is any good to it, and whether the transfer was cut."""

    status: int
    refused: bool
    ending: str

    def __str__(self) -> str:
        if not self.refused:
            return f"**{self.status}, looks complete**"
        return "refused, cut" if self.ending == "cut" else "refused"


class Key(NamedTuple):
    """Which answer it is; `nginx` is empty for the way that leads through none."""

    server: str
    stack: str
    way: str
    nginx: str
    kind: str
    point: str


Answers = dict[Key, Seen]


def ask(port: int, target: str, media_type: str, codings: str = "gzip") -> Seen:
    """As a client does that has never heard of tailrace."""
    with Client(port) as client:
        client.ask(target, headers={"accept": media_type, "accept-encoding": codings})
        reply = client.read(within=10)
    body = decoded(reply.header("content-encoding"), reply.body)
    try:
        parsed(media_type, body)
    except (ValueError, csv.Error):
        refused = True
    else:
        refused = False
    return Seen(reply.status, refused, reply.ending)


def decoded(coding: str | None, body: bytes) -> bytes:
    """As much of a body as is there."""
    if coding is None:
        return body
    decoder = zstd.ZstdDecompressor() if coding == "zstd" else zlib.decompressobj(16 + zlib.MAX_WBITS)
    return bytes(decoder.decompress(body))


@dataclass
class Survey:
    """What was seen, each part of it asked for once."""

    nginxes: list[Program]
    folder: Path
    seen: dict[tuple[str, str], Answers] = field(default_factory=dict)

    def behind(self, server: str, stack: str) -> Answers:
        """Every format, proxy and point of failure."""
        if (server, stack) not in self.seen:
            folder = self.folder / f"{server}-{stack}"
            self.seen[server, stack] = _behind(server, stack, self.nginxes, folder)
        return self.seen[server, stack]


def _behind(name: str, stack: str, nginxes: list[Program], folder: Path) -> Answers:
    folder.mkdir(parents=True)
    app = "gzipped" if stack == "GZipMiddleware" else "ours"
    more, codings = ("&compress=1", "zstd") if stack == "compression" else ("", "gzip")
    with (
        running(name, middleware=stack == "middleware", app=app, logs=folder) as server,
        contextlib.ExitStack() as started,
    ):
        ports = {("none", ""): server.port}
        for nginx in nginxes:
            proxied = started.enter_context(proxies(nginx, server.port, folder))
            ports.update({(way, nginx.name): port for way, port in proxied.items()})
        keys = [
            Key(name, stack, way, nginx, kind, point)
            for (way, nginx), kind, point in itertools.product(ports, FORMATS, [*POINTS, AT_FIRST])
        ]

        def answer(key: Key) -> Seen:
            target = f"/stream/{key.point}?run=survey{more}"
            return ask(ports[key.way, key.nginx], target, FORMATS[key.kind], codings)

        with ThreadPoolExecutor(32) as pool:
            return dict(zip(keys, pool.map(answer, keys), strict=True))
