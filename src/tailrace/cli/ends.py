"""How a command ends: a code for each kind of end, and which error is of which kind."""

from __future__ import annotations

import os
from enum import IntEnum
from typing import Final

import httpx2

from tailrace.errors import DecodeError, StreamFailed, TailraceError, Truncated


class Code(IntEnum):
    """The exit codes, as docs/terminal.md has them."""

    COMPLETE = 0
    FINDINGS = 1
    USAGE = 2
    FAILED = 3
    TRUNCATED = 4
    UNREACHABLE = 5
    MALFORMED = 6
    FILE = 7
    MISMATCH = 8
    INTERRUPTED = 130
    PIPE = 141


CODES: Final = (
    "Exit codes: 0 complete · 1 doctor has found an error · 2 usage · 3 the server says that it failed · "
    "4 cut off before its end · 5 cannot connect · 6 malformed · 7 cannot write the file · "
    "8 the file is not what a digest says · 130 Ctrl-C"
)


class Stop(Exception):
    """The end of a command that has said all it has to say in its text."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def stop_for(error: Exception) -> Stop | None:
    """What an error means to who sits at the terminal; None for one that is a bug of ours."""
    if isinstance(error, Stop):
        return error
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return Stop(code, _text(error))
    return None


_CODES: Final[dict[type[Exception], Code]] = {
    StreamFailed: Code.FAILED,
    Truncated: Code.TRUNCATED,
    DecodeError: Code.MALFORMED,
    TailraceError: Code.UNREACHABLE,  # what is left of the tree is the connection
    httpx2.InvalidURL: Code.USAGE,
    httpx2.UnsupportedProtocol: Code.USAGE,
    httpx2.DecodingError: Code.MALFORMED,
    httpx2.HTTPError: Code.UNREACHABLE,
}


def _text(error: Exception) -> str:
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        url = error.request.url
        return f"cannot connect to {url.scheme}://{url.netloc.decode('ascii')}: {_reason(error)}"
    if isinstance(error, httpx2.TimeoutException):
        return f"no answer in time ({type(error).__name__})"
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return f"{str(error).rstrip('.')}; expected a URL such as http://localhost:8000/orders"
    said = str(error) or type(error).__name__
    if isinstance(error, StreamFailed):
        more = {"detail": error.problem.detail, "ref": error.problem.ref}
        said += "".join(f"\n  {name}: {value}" for name, value in more.items() if value)
    return said


def _reason(error: Exception) -> str:
    """The system's word for it, which stands at the bottom."""
    if isinstance(error, httpx2.ConnectTimeout):
        return "nobody answers in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            # asyncio has a sentence of its own; a name that is not found has no number of the system's.
            return os.strerror(cause.errno) if cause.errno is not None and cause.errno > 0 else cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)
