"""The commands, and what all of them do alike: end with a code, and without a traceback."""

from __future__ import annotations

import functools
import sys
from importlib import import_module, metadata
from inspect import signature
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tailrace.cli.ends import CODES, Code, stop_for
from tailrace.cli.options import spread
from tailrace.cli.output import abandon_stdout, say, write

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMANDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "watch": (
        "watch.command",
        (
            "tailrace watch https://example.com/events",
            "tailrace watch --accept 'application/x-progressive-json;v=2' https://example.com/dashboard",
        ),
    ),
    "get": (
        "get",
        (
            "tailrace get https://example.com/orders | jq .total",
            "tailrace get --save-id .cursor https://example.com/events >> events.ndjson",
            "tailrace get -X POST --json-body '{\"q\": 1}' https://example.com/search",
            "tailrace get --changes https://example.com/dashboard",
        ),
    ),
    "download": (
        "download.command",
        (
            "tailrace download https://example.com/large.iso",
            "tailrace download -o orders.csv -H 'Authorization: Bearer …' https://example.com/orders.csv",
            "tailrace download --sha256 9f86d081…b0f00a08 https://example.com/release.tar.gz",
        ),
    ),
    "doctor": (
        "doctor.command",
        (
            "tailrace doctor https://example.com/events",
            "tailrace doctor --for 65 --accept text/event-stream https://example.com/orders",
            "tailrace doctor --json https://example.com/events | jq -r '.findings[].code'",
        ),
    ),
    "demo": ("demo", ("tailrace demo", "tailrace demo --port 0")),
}
"""Where each is, and its examples."""


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's way of calling it
    if wanted:
        write(f"tailrace {metadata.version('tailrace')}\n".encode())
        raise typer.Exit


def _tailrace(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Read streams of any web server: events, NDJSON, JSON arrays, progressive documents, files."""
    del version


def ending(command: Callable[..., None]) -> Callable[..., None]:
    """The same command, which ends with its code, whatever happens in it."""

    @functools.wraps(command)
    def ended(**given: Any) -> None:
        try:
            command(**given)
            write()  # what nobody takes any more is noticed here, and not when the interpreter ends
        except BrokenPipeError:
            abandon_stdout()
            raise typer.Exit(Code.PIPE) from None
        except Exception as error:
            stop = stop_for(error)
            if stop is None:
                raise
            if stop.text:
                say(f"tailrace: {stop.text}")
            raise typer.Exit(stop.code) from None

    return ended


def application(*names: str) -> typer.Typer:
    """The program with these commands; without any, with all of them."""
    app = typer.Typer(
        name="tailrace",
        epilog=CODES,
        pretty_exceptions_show_locals=False,  # they may hold a token
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
    )
    app.callback(no_args_is_help=True)(_tailrace)
    for name in names or _COMMANDS:
        module, examples = _COMMANDS[name]
        command: Callable[..., None] = getattr(import_module(f"tailrace.cli.{module}"), name)
        app.command(
            name,
            help="\n\n".join(" ".join(part.split()) for part in (command.__doc__ or "").split("\n\n")),
            epilog="\n".join(["[bold]Examples[/bold]", *examples]),
            no_args_is_help="url" in signature(command).parameters,
        )(ending(spread(command)))
    return app


def run() -> None:
    """The program."""
    # To import all of them would take longer than many an answer.
    application(*[name for name in sys.argv[1:2] if name in _COMMANDS])(prog_name="tailrace")
