"""`python -m bench bulk`, `live`, `compress`, `progressive`, `client` and `django`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn, TypeVar

from bench import bulk, client, compress, django, live, progressive, table
from bench.cases import BULK, LIVE, READINGS, SHAPES
from bench.django_cases import MADE, STORED
from bench.env import NotReadyError, cpu_model, prepare
from bench.server import ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.cases import Case, Reading, Shape
    from bench.env import Environment

_STARTED = time.monotonic()
C = TypeVar("C", "Case", "Reading", "Shape")


def say(text: str) -> None:
    """Where the run is, on one line that is written over, or on lines of its own in a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{time.monotonic() - _STARTED:5.0f} s  {text}")
    else:
        sys.stderr.write(f"{time.monotonic() - _STARTED:5.0f} s  {text}\n")
    sys.stderr.flush()


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument(
        "--rounds", type=int, help="how often each case is measured, in turn (3 or 5; quick: 1)"
    )
    both.add_argument("--quick", action="store_true", help="a fraction of the work: is all in order?")
    both.add_argument("--only", metavar="KEY,KEY", help="these cases; a wrong one is answered with the list")
    both.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure tailrace beside its peers.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, what in (
        ("bulk", "a million rows"),
        ("django", "a million rows on Django, and from PostgreSQL"),
    ):
        rows = kinds.add_parser(name, parents=[both], help=f"{what}: CPU, wall clock, memory, first byte")
        rows.add_argument("--rows", type=int, help="a multiple of 1,000 (1,000,000; quick: 100,000)")
    events = kinds.add_parser(
        "live", parents=[both], help="small events on many connections: CPU, latency, memory"
    )
    events.add_argument("--connections", type=int, help="that carry events (1,000; quick: 200)")
    events.add_argument("--idle", type=int, help="that are idle, for memory (10,000; quick: 1,000)")
    compressed = kinds.add_parser("compress", parents=[both], help="what compression costs, in one process")
    compressed.add_argument("--rows", type=int, help="a multiple of 1,000 (200,000; quick: 10,000)")
    kinds.add_parser(
        "progressive", parents=[both], help="documents that fill in: time, writes, memory, and reading them"
    )
    kinds.add_parser(
        "client",
        parents=[both],
        help="server-sent events and NDJSON that are read: CPU, and what is read right",
    )
    return parser.parse_args(arguments)


def _chosen(cases: Sequence[C], only: str | None) -> list[C]:
    if only is None:
        return list(cases)
    keys = only.split(",")
    unknown = set(keys) - {case.key for case in cases}
    if unknown:
        sys.exit(
            f"--only: no case {', '.join(sorted(unknown))}; there are {', '.join(case.key for case in cases)}"
        )
    return [case for case in cases if case.key in keys]


def _context(environment: Environment, command: str) -> str:
    versions = ", ".join(environment.versions)
    return f"`{command}` on {cpu_model()}.\n\n{versions}."


def _bulk(arguments: argparse.Namespace, environment: Environment) -> tuple[list[str], int]:
    rows = arguments.rows or (100_000 if arguments.quick else bulk.MILLION)
    run = bulk.Bulk(environment, rows, say)
    run.run(_chosen(BULK, arguments.only), arguments.rounds or (1 if arguments.quick else 3))
    result, missed = bulk.table(run)
    return [result.text(), result.markdown(), bulk.LEGEND], missed


def _live(arguments: argparse.Namespace, environment: Environment) -> tuple[list[str], int]:
    connections = arguments.connections or (200 if arguments.quick else 1000)
    idle = arguments.idle or (1000 if arguments.quick else 10_000)
    run = live.Live(environment, connections, idle, say)
    run.run(_chosen(LIVE, arguments.only), arguments.rounds or (1 if arguments.quick else 3))
    result, missed = live.table(run)
    return [result.text(), result.markdown(), run.legend()], missed


def _compress(arguments: argparse.Namespace, _: Environment) -> tuple[list[str], int]:
    rows = arguments.rows or (10_000 if arguments.quick else 200_000)
    result = compress.run(rows, arguments.rounds or (1 if arguments.quick else 5), say)
    return [result.text(), result.markdown(), compress.LEGEND], 0


def _progressive(arguments: argparse.Namespace, environment: Environment) -> tuple[list[str], int]:
    run = progressive.Progressive(environment, say, quick=arguments.quick)
    run.run(_chosen(SHAPES, arguments.only), arguments.rounds or (1 if arguments.quick else 5))
    tables, line, missed = progressive.tables(run)
    text = "\n\n".join([*(one.text() for one in tables), line])
    markdown = "\n\n".join([*(one.markdown() for one in tables), line])
    return [text.rstrip(), markdown.rstrip(), progressive.LEGEND], missed


def _client(arguments: argparse.Namespace, environment: Environment) -> tuple[list[str], int]:
    run = client.Client(environment, say, quick=arguments.quick)
    run.run(_chosen(READINGS, arguments.only), arguments.rounds or (1 if arguments.quick else 5))
    result, lines, missed = client.results(run)
    return [
        "\n\n".join([result.text(), *lines]),
        "\n\n".join([result.markdown(), *lines]),
        client.LEGEND,
    ], missed


def _django(arguments: argparse.Namespace, environment: Environment) -> tuple[list[str], int]:
    rows = arguments.rows or (100_000 if arguments.quick else bulk.MILLION)
    run = django.Django(environment, rows, say)
    run.run(_chosen((*MADE, *STORED), arguments.only), arguments.rounds or (1 if arguments.quick else 3))
    found, missed = django.tables(run)
    text = "\n\n".join(f"{title}\n{one.text()}" for title, one in found)
    return [
        text,
        "\n\n".join(f"## {title}\n\n{one.markdown()}" for title, one in found),
        django.LEGEND,
    ], missed


def _terminated(number: int, _frame: object) -> NoReturn:
    # An exception, so that every server is ended on the way out.
    sys.exit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one benchmark; 0 when it ran, whatever it found."""
    arguments = _arguments(argv)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        say("making the peers' environments")
        environment = prepare()
        (text, markdown, legend), missed = _MEASURES[arguments.kind](arguments, environment)
    except (NotReadyError, ServerError) as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nstopped; every server was ended")
    say("done")
    context = _context(environment, shlex.join(["python3", "run.py", "bench", *(argv or sys.argv[1:])]))
    print(f"\n\n{text}\n\n{legend}\n\n{context}\n\n{missed} targets not reached")
    whole = not (arguments.quick or arguments.only or arguments.no_write)
    if whole:
        print("written:", table.write(arguments.kind, [_TITLES[arguments.kind], context, markdown, legend]))
    return 0


_MEASURES = {
    "bulk": _bulk,
    "live": _live,
    "compress": _compress,
    "progressive": _progressive,
    "client": _client,
    "django": _django,
}
_TITLES = {
    "bulk": "# A million rows",
    "live": "# Small live events",
    "compress": "# Compression",
    "progressive": "# Progressive documents",
    "client": "# Reading",
    "django": "# A million rows on Django",
}

if __name__ == "__main__":
    sys.exit(main())
