"""What every command may be told of the request, and the client that sends it."""

# No `from __future__ import annotations`: typer reads the types of the fields.
import contextlib
import re
import ssl
import sys
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import httpx2
import msgspec
import typer

from tailrace._media import TOKEN
from tailrace._model import Problem
from tailrace.cli.ends import Code, Stop
from tailrace.client._request import MOST_REDIRECTS, redirected

Url = Annotated[str, typer.Argument(metavar="URL", help="Where to read.", show_default=False)]

_HEADER: Final = re.compile(rf"({TOKEN})[ \t]*:[ \t]*([^\r\n\0]*)")
_LONGEST_PROBLEM: Final = 65536
_ON_THE_WAY: Final = "The request"


@dataclass(frozen=True)
class Sending:
    """How to connect, whatever is asked for."""

    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header",
            "-H",
            metavar="'NAME: VALUE'",
            help="A header field to send; may be given several times.",
            rich_help_panel=_ON_THE_WAY,
            show_default=False,
        ),
    ] = None
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.001,
            help="How long to wait for the connection, and for the next byte of what is kept alive.",
            rich_help_panel=_ON_THE_WAY,
        ),
    ] = 60.0
    no_verify: Annotated[
        bool,
        typer.Option(
            "--no-verify",
            help="Trust any certificate. Whoever is in between may read and change everything.",
            rich_help_panel=_ON_THE_WAY,
        ),
    ] = False

    def fields(self) -> list[tuple[str, str]]:
        """The header fields; raises `Stop` for what is none."""
        found: list[tuple[str, str]] = []
        for line in self.header or ():
            match = _HEADER.fullmatch(line)
            if match is None:
                raise Stop(Code.USAGE, f"--header {line!r}: expected 'Name: value'")
            found.append((match[1], match[2].strip(" \t")))
        return found

    def settings(self) -> dict[str, Any]:
        """What an httpx2 client is made with."""
        return {
            "timeout": httpx2.Timeout(self.timeout),
            "verify": False if self.no_verify else _trusted(),
            "follow_redirects": True,
        }


@dataclass(frozen=True)
class Message:
    """What is asked for."""

    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            "-X",
            help="GET, or POST where there is a body.",
            rich_help_panel=_ON_THE_WAY,
            show_default=False,
        ),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            "-d",
            metavar="TEXT|@FILE",
            help="A body to send; @- is stdin. A form, unless a header says otherwise.",
            rich_help_panel=_ON_THE_WAY,
            show_default=False,
        ),
    ] = None
    json_body: Annotated[
        str | None,
        typer.Option(
            metavar="JSON|@FILE",
            help="A body to send, as application/json.",
            rich_help_panel=_ON_THE_WAY,
            show_default=False,
        ),
    ] = None
    accept: Annotated[
        str | None,
        typer.Option(
            metavar="MEDIA-TYPE",
            help="The format to ask for; else whichever streams best.",
            rich_help_panel=_ON_THE_WAY,
            show_default=False,
        ),
    ] = None

    def request(self, fields: list[tuple[str, str]]) -> dict[str, Any]:
        """Method, headers and content, in httpx2's words; raises `Stop` for a body that is none."""
        body, kind = self._body()
        headers = httpx2.Headers(fields)
        if kind is not None:
            headers.setdefault("content-type", kind)
        if self.accept is not None:
            headers["accept"] = self.accept
        method = (self.method or ("GET" if body is None else "POST")).upper()
        return {"method": method, "headers": headers, **({} if body is None else {"content": body})}

    def _body(self) -> tuple[bytes | None, str | None]:
        if self.data is not None and self.json_body is not None:
            raise Stop(Code.USAGE, "--data and --json-body: expected one of the two")
        if self.data is not None:
            return _content("--data", self.data), "application/x-www-form-urlencoded"
        if self.json_body is None:
            return None, None
        body = _content("--json-body", self.json_body)
        try:
            msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise Stop(Code.USAGE, f"--json-body: {error}") from None
        return body, "application/json"


@cache
def _trusted() -> ssl.SSLContext:
    """Whom the system trusts: to read all of them takes longer than a request."""
    return httpx2.create_ssl_context()


@contextlib.contextmanager
def sent(client: httpx2.Client, request: httpx2.Request) -> Generator[httpx2.Response]:
    """The response, wherever redirects lead; another origin is not told what may be a secret."""
    ranges = {name: request.headers[name] for name in ("range", "if-range") if name in request.headers}
    for _ in range(MOST_REDIRECTS):
        response = client.send(request, stream=True, follow_redirects=False)
        with contextlib.closing(response):
            following = redirected(request, response)
            if following is None:
                yield response
                return
        following.headers.update(ranges)
        request = following
    raise httpx2.TooManyRedirects(f"more than {MOST_REDIRECTS} redirects", request=request)


def detail_of(response: httpx2.Response) -> str:
    """What the server says about its refusal, if that is a problem document (RFC 9457)."""
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _LONGEST_PROBLEM:
            return ""
    try:
        problem = Problem.of(msgspec.json.decode(body, type=dict[str, Any]))
    except (ValueError, msgspec.DecodeError):
        return ""
    return ": " + " · ".join(
        filter(None, [problem.title, problem.detail, problem.ref and f"ref {problem.ref}"])
    )


def _content(option: str, value: str) -> bytes:
    if not value.startswith("@"):
        return value.encode()
    if value == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(value[1:]).read_bytes()
    except OSError as error:
        raise Stop(Code.USAGE, f"{option} {value}: {error.strerror}") from None
