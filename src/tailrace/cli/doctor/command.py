"""`tailrace doctor`."""

# No `from __future__ import annotations`: typer reads the types of the options.
import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Annotated, Any

import httpx2
import typer

from tailrace.cli.doctor.checks import examine
from tailrace.cli.doctor.finding import Case, Finding
from tailrace.cli.doctor.report import report
from tailrace.cli.doctor.visit import Visit
from tailrace.cli.ends import Code, Stop
from tailrace.cli.output import console, print_json
from tailrace.cli.request import Message, Sending, Url


@dataclass(frozen=True)
class Looking:
    """How long, and in which form it is told."""

    within: Annotated[
        float,
        typer.Option(
            "--for", metavar="SECONDS", min=0.1, help="How long to look at a stream that does not end."
        ),
    ] = 10.0
    json: Annotated[bool, typer.Option("--json", help="The findings, and all that was seen, as JSON.")] = (
        False
    )


def doctor(url: Url, looking: Looking, message: Message, sending: Sending) -> None:
    """Find out whether it really streams, and say what to change.

    Sends the request as it is, compressed, with another Accept, and from the middle on (Last-Event-ID), one after
    the other; a request that may have effects, such as POST, only once. Then it says what it saw: a proxy that
    buffers, compression that holds rows back, a body that is built before it is sent, a stream without its end, and
    what else readers, caches and proxies would trip over; and what cannot be seen from here.
    """
    request = message.request(sending.fields())
    out = console()
    with contextlib.ExitStack() as stack:
        status = None
        if not looking.json and out.is_terminal:
            status = stack.enter_context(console(stderr=True).status("connecting"))
        case = asyncio.run(_visit(url, request, looking, sending, status.update if status else str))
    findings = examine(case)
    if looking.json:
        print_json(_members(case, findings), indent=2)
    else:
        out.print(report(case, findings, request["method"], out.width))
    if any(finding.severity == "error" for finding in findings):
        raise Stop(Code.FINDINGS, "")


async def _visit(
    url: str, request: dict[str, Any], looking: Looking, sending: Sending, told: Callable[[str], object]
) -> Case:
    settings: dict[str, Any] = {
        **sending.settings(),
        "timeout": httpx2.Timeout(None, connect=sending.timeout),
    }
    async with httpx2.AsyncClient(**settings, http2=find_spec("h2") is not None) as client:
        return await Visit(client, url, request, looking.within, told).case()


def _members(case: Case, findings: list[Finding]) -> dict[str, Any]:
    sights = {
        "main": case.main,
        "compressed": case.compressed,
        "other_accept": case.otherwise,
        "resumed": case.resumed,
        "after_end": case.after_end,
        "head": case.bare_head,
    }
    return {
        "url": case.main.url,
        "findings": [asdict(finding) for finding in findings],
        "seen": {name: seen.members() for name, seen in sights.items() if seen is not None},
    }
