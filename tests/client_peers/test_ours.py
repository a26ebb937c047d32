"""Readers of tailrace, and its own servers: each format, items and documents, whole and failing half way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest

from tailrace import Document, Limits
from tailrace.client import Opened, Resume
from tailrace.errors import DecodeError, LimitExceeded, StreamFailed, Truncated
from tests.client_peers.ours import COUNT, DOCUMENT_FORMATS, FORMATS, HALF, PAGE, create_app, row
from tests.client_peers.reading import SHELLS, document, read
from tests.examples.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = [row(number) for number in range(COUNT)]
TWICE = Resume(delay=0.01, ceiling=0.01, attempts=2)
SAYS_NO_MORE = {"array": Truncated, "list, version 1": Truncated}
"""What fails without a word: these are left open. All others say the problem."""

IN_BOTH = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture(scope="module", params=[False, True], ids=["bare", "middleware"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving(create_app(middleware=request.param)) as address:
        yield address


@pytest.fixture(scope="module")
def bare() -> Iterator[str]:
    with serving(create_app()) as address:
        yield address


def as_read(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In a table, all is text."""
    return [{key: str(value) for key, value in row.items()} for row in rows] if name == "table" else rows


@pytest.mark.parametrize("name", FORMATS)
@IN_BOTH
def test_items(url: str, shell: str, name: str) -> None:
    seen = read(shell, f"{url}/items/{name}")
    assert (seen.items, seen.error, seen.complete) == (as_read(name, ROWS), None, True)
    assert not seen.lost


@IN_BOTH
def test_items_that_fail(url: str, shell: str) -> None:
    """All that was yielded is there, then the failure, in every format and behind the middleware; no request more."""
    with ThreadPoolExecutor(len(FORMATS)) as pool:  # the server gives each reader a while before it cuts
        reading = {
            name: pool.submit(read, shell, f"{url}/items/{name}", params={"fails": True}) for name in FORMATS
        }
    for name, one in reading.items():
        seen = one.result()
        # A list of version 1 comes as one value, or not at all.
        assert seen.items == ([] if name == "list, version 1" else as_read(name, ROWS[:HALF])), name
        assert type(seen.error) is SAYS_NO_MORE.get(name, StreamFailed), name
        if isinstance(seen.error, StreamFailed):
            assert (seen.error.problem.title, seen.error.problem.status) == ("The store is gone", 502), name
        assert not seen.complete, name
        assert not seen.lost, name


@IN_BOTH
def test_items_of_the_format_that_is_asked_for(url: str, shell: str) -> None:
    """One handler, all formats: a reader of items has them as events, which have an end and ids."""
    seen = read(shell, f"{url}/items")
    assert [news.media_type for news in seen.news if isinstance(news, Opened)] == ["text/event-stream"]
    assert (seen.items, seen.error, seen.complete) == (ROWS, None, True)
    named = read(shell, f"{url}/items", format=FORMATS["lines"])
    assert [news.media_type for news in named.news if isinstance(news, Opened)] == ["application/x-ndjson"]
    assert (named.items, named.error, named.complete) == (ROWS, None, True)


@pytest.mark.parametrize("name", DOCUMENT_FORMATS)
@IN_BOTH
def test_a_document(url: str, shell: str, name: str) -> None:
    page = document(shell, f"{url}/page/{name}", Document)
    assert (page.value, page.problems, page.error, page.complete) == (PAGE, {}, None, True)


@pytest.mark.parametrize("name", [name for name in DOCUMENT_FORMATS if name != "finished"])
@IN_BOTH
def test_a_document_of_which_a_part_fails(url: str, shell: str, name: str) -> None:
    """The rest goes on, and who waits for the whole is told of the part."""
    page = document(shell, f"{url}/page/{name}", Document, params={"fails": True})
    assert page.value == PAGE | {"place": None}
    assert list(page.problems) == ["/place"]
    assert isinstance(page.error, StreamFailed)
    assert page.error.pointer == "/place"
    assert page.complete


@IN_BOTH
def test_a_finished_document_that_fails(url: str, shell: str) -> None:
    """It has not begun, so it is a status; one that may pass, and so it is asked for once more."""
    page = document(shell, f"{url}/page/finished", params={"fails": True}, resume=TWICE)
    assert isinstance(page.error, StreamFailed)
    assert (page.error.problem.title, page.error.problem.status) == ("The store is gone", 502)
    assert [news.reason for news in page.lost] == ["The store is gone (502)"]


@IN_BOTH
def test_a_document_of_the_format_that_is_asked_for(url: str, shell: str) -> None:
    page = document(shell, f"{url}/page")
    assert [news.media_type for news in page.news if isinstance(news, Opened)] == [
        "application/x-progressive-json;v=2"
    ]
    assert (page.value, page.error, page.complete) == (PAGE, None, True)


class Numbered(msgspec.Struct):
    """What a row is not from the third on."""

    n: Annotated[int, msgspec.Meta(le=1)]
    name: str


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "table"])
@IN_BOTH
def test_an_item_of_another_type(bare: str, shell: str, name: str) -> None:
    """The error names the record and the place, in every format; what came before is there."""
    seen = read(shell, f"{bare}/items/{name}", Numbered)
    assert [item.n for item in seen.items] == [0, 1]
    assert isinstance(seen.error, DecodeError)
    assert (seen.error.record, seen.error.path) == (2, "$.n")
    assert not seen.lost


@pytest.mark.parametrize("name", ["growing list", "list, version 1", "finished"])
@IN_BOTH
def test_a_document_over_the_limit(bare: str, shell: str, name: str) -> None:
    """Whoever iterates is told of the limit, not only that something is missing."""
    place = "page" if name == "finished" else "items"
    seen = read(shell, f"{bare}/{place}/{name}", limits=Limits(line=60, event=60))
    assert isinstance(seen.error, LimitExceeded)
