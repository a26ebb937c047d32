"""`tailrace demo`: a small application of tailrace's own, to try the other commands on."""

# No `from __future__ import annotations`: typer reads the types of the options.
import os
import socket
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from rich.table import Table

from tailrace.cli.ends import Code, Stop
from tailrace.cli.output import console


def demo(
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0: any that is free.")] = 8000,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the address only.")] = False,
) -> None:
    """Serve events, rows and a document on this machine, and say what to try on them.

    Needs uvicorn, which the extra does not bring: pip install uvicorn
    """
    if find_spec("uvicorn") is None:
        raise Stop(Code.USAGE, "the demo needs a server: pip install uvicorn")
    uvicorn: Any = import_module("uvicorn")
    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise Stop(
            Code.FILE, f"port {port}: {os.strerror(error.errno or 0)}; --port 0 takes any that is free"
        ) from None
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        console().print(url if quiet else _commands(url))
        app = import_module("tailrace.cli.demo_app").drained
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:  # which is how it is ended
            return


def _commands(url: str) -> Table:
    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify = f"serving {url} until Ctrl-C; in another terminal, try", "left"
    for words, what in (
        (f"tailrace watch {url}/events", "events without an end, which resume"),
        (f"tailrace watch {url}/document", "a document that fills in"),
        (f"tailrace get {url}/rows | jq .total", "rows, as lines of JSON"),
        (f"tailrace download {url}/rows.csv", "the same as a file"),
        (f"tailrace doctor {url}/events", "does it stream?"),
        (f"curl -N {url}/rows", "as an array; see also -H 'Accept: text/csv'"),
    ):
        table.add_row(f"  {words}", what)
    table.columns[1].style = "dim"
    return table
