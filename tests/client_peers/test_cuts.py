"""Fault 31: a body that is cut behind every byte. What is complete comes, then `Truncated`; never a silent short list.

A clean end exactly behind a record of plain NDJSON, a sequence or CSV is the one that nobody can see: HTTP says that it
was all, and the format has no word for the end. `NDJSON(end=True)` has, and so have all others.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest
from fastapi import FastAPI

from tailrace import CSV, JSON, NDJSON, Delivery, Document, EventStream, JSONSeq, Progressive
from tailrace.client import connect, sync
from tailrace.errors import Truncated
from tailrace.fastapi import Stream
from tests.client_peers.raw import Answer, answering
from tests.client_peers.reading import SHELLS
from tests.examples.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailrace.formats import Format

pytestmark = pytest.mark.seed("31")

ITEMS: Final = [{"n": 0}, {"n": "é\n"}]
MANNERS: Final = ("reset", "no last chunk", "clean")


@dataclass(frozen=True)
class Body:
    """A body, piece by piece.

    `lacks`: the bytes at the end of a record that it is complete without, once no more comes; `end_lacks`: those at
    the end of the word for the end, where `says_end`: there is one. `at_once`: whether its items are one record.
    """

    form: Format
    lacks: int = 0
    end_lacks: int = 0
    says_end: bool = True
    at_once: bool = False

    @property
    def pieces(self) -> list[bytes]:
        """What opens it, a record for each item, and what ends it."""
        encoder = self.form.encoder()
        encoder.adapt(ITEMS[0])
        records = [encoder.encode(item) for item in ITEMS]
        joined = [encoder.join(records)] if self.at_once else [encoder.join([record]) for record in records]
        return [encoder.opening, *joined, encoder.end(len(ITEMS))]

    def had(self, cut: int) -> int:
        """The items that are complete in so many bytes."""
        opening, *records, end = self.pieces
        if self.at_once:
            line = len(b"".join((opening, *records))) + end.index(b"\n") + 1
            return len(ITEMS) if cut >= line else 0
        ends = [len(b"".join((opening, *records[: count + 1]))) - self.lacks for count in range(len(records))]
        return sum(cut >= one for one in ends)

    def looks_whole(self, cut: int, manner: str) -> bool:
        """Whether nobody can know that so many bytes are not all."""
        body = b"".join(self.pieces)
        if self.says_end:
            return cut >= len(body) - self.end_lacks
        boundaries = [0, *(len(b"".join(self.pieces[:count])) for count in range(1, len(self.pieces)))]
        return manner == "clean" and any(cut in {one, one - self.lacks} for one in boundaries)


BODIES: Final = {
    "lines": Body(NDJSON(), lacks=1, says_end=False),
    "lines with an end": Body(NDJSON(end=True), end_lacks=1),
    "array": Body(JSON()),
    "sequence": Body(JSONSeq(), lacks=1, says_end=False),
    "table": Body(CSV("n"), says_end=False),
    "events": Body(EventStream()),
    "growing list": Body(Progressive()),
    "list, version 1": Body(Progressive(version=1), at_once=True),
}


@contextlib.contextmanager
def cut_anywhere(content_type: str, body: bytes, *fields: str) -> Iterator[str]:
    """A server of `/MANNER/COUNT`: so many bytes of the body, in chunks, and an end of that manner."""

    def answer(answer: Answer) -> None:
        manner, count = answer.target[1:].split("/")
        answer.begin(content_type, "Transfer-Encoding: chunked", *fields)
        if int(count):
            answer.chunk(body[: int(count)])
        if manner == "clean":
            answer.chunk(b"")
        elif manner == "reset":
            answer.reset()

    with answering(answer) as server:
        yield server.url


Outcome = tuple[list[Any], "Exception | None", bool]


def outcomes(shell: str, urls: list[str]) -> list[Outcome]:
    """What came from each, and what was raised behind it."""
    if shell == "async":
        return asyncio.run(_outcomes(urls))
    with httpx2.Client() as client:
        return [_outcome(url, client) for url in urls]


def _outcome(url: str, client: httpx2.Client) -> Outcome:
    connection, items = sync.connect(url, resume=False, client=client), []
    try:
        for item in connection:
            items.append(item)  # noqa: PERF402 - what came before an error stays
    except Exception as error:  # noqa: BLE001 - the test says which it has to be
        return items, error, connection.complete
    return items, None, connection.complete


async def _outcomes(urls: list[str]) -> list[Outcome]:
    async with httpx2.AsyncClient() as client:
        return [await _outcome_async(url, client) for url in urls]


async def _outcome_async(url: str, client: httpx2.AsyncClient) -> Outcome:
    connection, items = connect(url, resume=False, client=client), []
    try:
        async for item in connection:
            items.append(item)  # noqa: PERF401 - as above
    except Exception as error:  # noqa: BLE001 - as above
        return items, error, connection.complete
    return items, None, connection.complete


# A list of version 1 has nothing short to be cut.
@pytest.mark.parametrize(
    ("shell", "name"),
    [(shell, name) for shell in SHELLS for name in BODIES if (shell, name) != ("async", "list, version 1")],
)
def test_cut_behind_every_byte(shell: str, name: str) -> None:
    body = BODIES[name]
    whole = b"".join(body.pieces)
    manners = MANNERS[-1:] if body.at_once else MANNERS
    cuts = [(manner, cut) for manner in manners for cut in range(len(whole) + 1)]
    with cut_anywhere(body.form.media_types[0], whole, "Incremental: ?1") as url:
        seen = outcomes(shell, [f"{url}{manner}/{cut}" for manner, cut in cuts])
    expected = [{"n": str(item["n"])} for item in ITEMS] if name == "table" else ITEMS
    for (manner, cut), (items, error, complete) in zip(cuts, seen, strict=True):
        case = manner, whole[:cut]
        assert items == expected[: body.had(cut)], case
        if body.looks_whole(cut, manner):
            assert (error, complete) == (None, True), case
        else:
            assert isinstance(error, Truncated), (case, error)
            assert not complete, case


def test_events_of_others_cut_behind_every_byte() -> None:
    """They have no word for their end, but a blank line behind each event; a comment is none."""
    events = [b'event: row\nid: %d\ndata: {"n":\ndata: %d}\n\n' % (number, number) for number in range(2)]
    opening = b": hello\n\n"
    whole = opening + b"".join(events)
    cuts = [(manner, cut) for manner in MANNERS for cut in range(len(whole) + 1)]
    with cut_anywhere("text/event-stream", whole) as url:
        seen = outcomes("sync", [f"{url}{manner}/{cut}" for manner, cut in cuts])
    for (manner, cut), (items, error, complete) in zip(cuts, seen, strict=True):
        case = manner, whole[:cut]
        assert items == [{"n": number} for number in range(whole[:cut].count(b"}\n\n"))], case
        between = cut <= len(opening) or whole[:cut].endswith(b"\n\n")
        assert isinstance(error, Truncated) == (manner != "clean" or not between), (case, error)
        assert complete == (error is None), case


async def soon(value: object) -> object:
    await asyncio.sleep(0.001)
    return value


PAGE: Final = {"now": 1, "name": "é"}
DOCUMENTS: Final = {"finished": JSON(), "version 2": Progressive(), "events": EventStream()}


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    """The body of a document in each format, as it is on the wire."""
    app = FastAPI()

    @app.get("/{name}")
    async def page(name: str) -> Stream:
        return Stream(
            {"now": 1, "name": soon("é")}, formats=[DOCUMENTS[name]], delivery=Delivery(commit_after=0)
        )

    with serving(app) as url:
        return {name: httpx2.get(f"{url}/{name}").content for name in DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_cut_behind_every_byte(pages: dict[str, bytes], name: str) -> None:
    """What came of it is there, and says what is missing; in a clean end nothing but its own word tells."""
    body, media_type = pages[name], DOCUMENTS[name].media_types[0]
    with cut_anywhere(media_type, body, "Incremental: ?1") as url, httpx2.Client() as client:
        for cut in range(len(body) + 1):
            connection = sync.connect(f"{url}clean/{cut}", Document, resume=False, client=client)
            parts: dict[str, Any] = {}
            with contextlib.suppress(Truncated), connection as page:
                for change in page.changes():
                    parts = page.value
                    assert change
            case = body[:cut], connection._session.error
            whole = cut == len(body)
            assert connection.complete == whole, case
            assert isinstance(connection._session.error, Truncated) != whole, case
            assert parts in ([PAGE] if whole else [{}, PAGE, PAGE | {"name": None}]), case
