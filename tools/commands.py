"""The commands of run.py."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Callable, Sequence

from tools import results
from tools.environment import CACHE, ROOT, VENV, prepare
from tools.pythons import inside
from tools.say import INTERRUPTED, Stop, become, call, child_environment, keep_output_safe, progress
from tools.settings import for_uv

if TYPE_CHECKING:
    from pathlib import Path

BENCHMARKS = ("bulk", "live", "compress", "progressive", "client", "django")
PROGRAMS = ("nginx", "nginx-debian", "valkey", "postgresql", "chromium", "curl")
EVERYTHING = ("demo", "lint", "test")
# Most tests wait for somebody, so two processes take little more than half as long; each has whole files, whose servers
# are started once. What measures how soon a server does something has the machine for itself.
EVERY_TEST = (
    ["--numprocesses=2", "--dist=loadfile", "--ignore=tests/servers", "--ignore=tests/django_servers"],
    ["tests/servers", "tests/django_servers"],
)


def main(argv: Sequence[str]) -> int:
    """Run one command, and return the exit code."""
    keep_output_safe()
    options, rest = _parser().parse_known_args(argv)
    if rest and options.takes_no_rest:
        _parser().error(f"{options.command} does not know {' '.join(rest)}")
    command: Callable[[argparse.Namespace, list[str]], int] = options.run
    # Paths in the project are relative to it, wherever the user stands.
    os.chdir(ROOT)
    try:
        return command(options, rest)
    except Stop as stop:
        progress(str(stop))
        code = 1
    except KeyboardInterrupt:
        progress("stopped")
        code = INTERRUPTED
    if options.command == "test":
        print(results.line(0, 1), flush=True)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="The first start sets up .venv from uv.lock, and gets uv if it has to; later ones start at once.",
        epilog="`run.py COMMAND --help` says more about each.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    demo = _command(commands, "demo", _demo, "serve the demo on http://localhost:8000, until Ctrl-C")
    demo.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    demo.add_argument("--port", default="8000", help="0 takes a free one (default: %(default)s)")
    demo.add_argument(
        "--cache", type=os.path.abspath, help="the directory that keeps the index (default: the user's cache)"
    )
    demo.set_defaults(takes_no_rest=True)
    test = _command(
        commands, "test", _test, "run the gate: lint, types, contracts, sizes, tests, docs, the wheel"
    )
    test.epilog = "What else is given goes to pytest, as in: run.py test -- tests/gate -k sizes -x"
    test.add_argument("--fast", action="store_true", help="leave out what is marked slow")
    test.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        choices=PROGRAMS,
        help="leave out the tests that need this program, once for each: %(choices)s",
    )
    bench = _command(commands, "bench", _bench, "measure against peers, each in its pinned version")
    bench.add_argument("name", metavar="NAME", choices=BENCHMARKS, help="what to measure: %(choices)s")
    bench.add_argument(
        "options", nargs=argparse.REMAINDER, metavar="...", help="options of it; NAME --help lists them"
    )
    setup = _command(commands, "setup", _setup, "set up .venv with everything, and do no more")
    setup.set_defaults(takes_no_rest=True)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace, list[str]], int],
    does: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=does, description=f"{name}: {does}.")
    parser.add_argument(
        "--python", help="a path or a version; otherwise .venv's, this one, or what is found on PATH"
    )
    parser.set_defaults(run=run, takes_no_rest=False)
    return parser


def _demo(options: argparse.Namespace, _: list[str]) -> int:
    python = prepare(["demo"], options.python)
    arguments = ["--host", options.host, "--port", options.port]
    if options.cache:
        arguments += ["--cache", options.cache]
    become([str(python), "-m", "examples.demo", *arguments], child_environment())


def _test(options: argparse.Namespace, rest: list[str]) -> int:
    python = prepare(EVERYTHING, options.python)
    CACHE.mkdir(exist_ok=True)
    chosen = ["-m", "not slow"] if options.fast else []
    chosen += [f"--without={name}" for name in options.without]
    passed_on = [word for word in rest if word != "--"]
    counts = [_pytest(python, [*chosen, *words]) for words in ([passed_on] if passed_on else EVERY_TEST)]
    passed, failed = (sum(column) for column in zip(*counts))
    print(results.line(passed, failed), flush=True)
    return 1 if failed else 0


def _pytest(python: Path, words: list[str]) -> tuple[int, int]:
    """How many tests passed, and how many failed."""
    report = CACHE / "test-results.xml"
    report.unlink() if report.exists() else None
    command = [str(python), "-m", "pytest", f"--junitxml={report}", *words]
    code = call(command, {**_environment(python), "RUN_PY": "1"})  # the tests end with this process
    return results.count(report, code)


def _bench(options: argparse.Namespace, rest: list[str]) -> int:
    python = prepare(EVERYTHING, options.python)
    become([str(python), "-m", "bench", options.name, *rest, *options.options], _environment(python))


def _setup(options: argparse.Namespace, _: list[str]) -> int:
    prepare(EVERYTHING, options.python)
    progress("ready: .venv is as uv.lock has it")
    return 0


def _environment(python: Path) -> dict[str, str]:
    # Tests and benchmarks make environments of their own, with the uv of .venv and the user's settings.
    path = os.pathsep.join((str(python.parent), os.environ.get("PATH", os.defpath)))
    return child_environment({**for_uv()[0], "PATH": path, "UV": str(inside(VENV, "uv"))})
