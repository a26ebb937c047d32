"""Data to stdout, all else to stderr; colours for people only."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec
from rich.console import Console

from tailrace._reading.picture import View

if TYPE_CHECKING:
    from typing import IO


class _Pipe(Console):
    """A console whose reader may leave, as with `| head`."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Where a person reads; without colours where none does. Each command asks anew: streams are replaced in tests."""
    return _Pipe(stderr=stderr, highlight=False, soft_wrap=False)


def say(text: str) -> None:
    """A line for the person at the terminal, out of the way of the data."""
    console(stderr=True).print(text, markup=False, soft_wrap=True)


def _plain(value: Any) -> Any:
    """A list that still grows is a view of one."""
    if isinstance(value, View):
        return list(value)
    raise NotImplementedError


_json: Final = msgspec.json.Encoder(enc_hook=_plain)


def print_json(value: Any, *, indent: int = 0) -> None:
    """One line of JSON to stdout, at once; `indent` for people who read it."""
    text = _json.encode(value)
    write(msgspec.json.format(text, indent=indent) if indent else text, b"\n")


def write(*pieces: bytes) -> None:
    """Bytes to stdout, at once: who reads the pipe is not to wait for a full buffer."""
    out: IO[bytes] = sys.stdout.buffer
    out.write(b"".join(pieces))
    out.flush()


def abandon_stdout() -> None:
    """Nobody reads it any more: have the interpreter not fall over what is still in the buffer."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def size(count: float) -> str:
    """Bytes for people, in powers of 1000 as disks and networks count."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < _THOUSAND:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= _THOUSAND
    return f"{count:.1f} TB"


_THOUSAND: Final = 1000


def several(count: int, noun: str) -> str:
    """So many of them."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
