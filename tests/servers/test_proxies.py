"""What a client that uses none of our code sees when a stream fails, through everything that may stand between."""

from __future__ import annotations

import csv
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .checks import CSV, JSON, JSON_SEQ, NDJSON, SSE, parsed
from .harness import SERVERS, running
from .proxies import PROXIES, proxies
from .wire import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
FORMATS = {"JSON array": JSON, "NDJSON": NDJSON, "events": SSE, "JSON text sequence": JSON_SEQ, "CSV": CSV}
POINTS = {"failing_soon": 1, "failing": 3, "failing_far": 20_000}
BOTH = [(name, middleware) for name in SERVERS for middleware in (False, True)]
WAYS = ["none", *PROXIES]
TABLE = "<!-- the table: written by tests/servers/test_proxies.py -->\n"


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


def ask(port: int, target: str, media_type: str) -> Seen:
    """As a client does that has never heard of tailrace."""
    with Client(port) as client:
        client.ask(target, headers={"accept": media_type, "accept-encoding": "gzip"})
        reply = client.read(within=10)
    body = reply.body
    if reply.header("content-encoding") == "gzip":
        body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body)
    try:
        parsed(media_type, body)
    except (ValueError, csv.Error):
        refused = True
    else:
        refused = False
    return Seen(reply.status, refused, reply.ending)


Key = tuple[str, bool, str, str, str]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[Key, Seen]:
    """Every format, server, middleware, proxy and point of failure."""
    found: dict[Key, Seen] = {}
    for name, middleware in BOTH:
        folder = tmp_path_factory.mktemp("proxies")
        with (
            running(name, middleware=middleware, app="ours", logs=folder) as server,
            proxies(server.port, folder / "nginx") as proxied,
            ThreadPoolExecutor(4) as pool,
        ):
            ports = {"none": server.port, **proxied}
            jobs = {
                (name, middleware, way, kind, point): pool.submit(
                    ask, ports[way], f"/stream/{point}?run=proxies", FORMATS[kind]
                )
                for way in WAYS
                for kind in FORMATS
                for point in [*POINTS, "failing_first"]
            }
            found.update({key: job.result() for key, job in jobs.items()})
    return found


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("name", "middleware"), BOTH, ids=str)
def test_no_failure_looks_complete(seen: dict[Key, Seen], name: str, middleware: bool, kind: str) -> None:  # noqa: FBT001 - a row of a table
    """Promise 1, faults 7 and 8: through each proxy, wherever it fails."""
    for way in WAYS:
        for point in POINTS:
            answer = seen[name, middleware, way, kind, point]
            assert (answer.status, answer.refused) == (200, True), (way, point, answer)
            assert answer.ending != "open", (way, point)
        assert seen[name, middleware, way, kind, "failing_first"].status == 500


def test_what_is_written_by_hand_looks_complete(tmp_path: Path) -> None:
    """The control: a StreamingResponse that failed, behind the middleware and behind nginx."""
    with (
        running("uvicorn", middleware=True, app="peers", logs=tmp_path) as server,
        proxies(server.port, tmp_path / "nginx") as ports,
    ):
        for port in ports.values():
            answer = ask(port, "/starlette/failing_later?run=control", NDJSON)
            assert answer == Seen(200, refused=False, ending="complete")


def table(seen: dict[Key, Seen]) -> Iterator[str]:
    for kind in FORMATS:
        yield f"\n### {kind}\n\n| | {' | '.join(WAYS)} |\n|---|{'---|' * len(WAYS)}\n"
        for name, middleware in BOTH:
            cells = [
                " / ".join(dict.fromkeys(str(seen[name, middleware, way, kind, point]) for point in POINTS))
                for way in WAYS
            ]
            label = f"{name}, middleware" if middleware else name
            yield f"| {label} | {' | '.join(cells)} |\n"


def test_the_page_says_what_was_seen(seen: dict[Key, Seen]) -> None:
    """The table in docs/reliability.md is that of this run; where it is not, it is written anew."""
    text = PAGE.read_text(encoding="utf-8")
    head = text.partition(TABLE)[0]
    wanted = head + TABLE + "".join(table(seen))
    if text != wanted:
        PAGE.write_text(wanted, encoding="utf-8")
    assert text == wanted, f"{PAGE.name} was out of date, and is written anew: look at what has changed"


def test_events_are_not_held_back(tmp_path: Path) -> None:
    """Fault 7: with our headers alone each item is there at once, and comments keep a short time-out open."""
    with (
        running("uvicorn", middleware=False, app="ours", logs=tmp_path) as server,
        proxies(server.port, tmp_path / "nginx") as ports,
    ):
        for way, port in ports.items():
            with Client(port) as client:
                client.ask("/stream/ticks?run=held", headers={"accept": NDJSON, "accept-encoding": "gzip"})
                reply = client.read(within=5)
            assert reply.ending == "complete"
            assert len(reply.chunks) > 6, f"{way} gathers what comes each 10 ms"
        with Client(ports["nginx, 1 s"]) as client:
            client.ask("/stream/idle?run=kept&keep_alive=0.3", headers={"accept": SSE})
            reply = client.read(within=2.5)
        assert reply.ending == "open"
        with Client(ports["nginx, 1 s"]) as client:
            client.ask("/stream/idle?run=lost", headers={"accept": SSE})
            reply = client.read(within=5)
        assert reply.ending == "cut", "the control: without comments nginx gives up after a second"
