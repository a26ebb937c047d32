"""DripDrop's README, behaviour by behaviour, as a client of its examples sees them."""

from __future__ import annotations

import json
import re
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from examples import dripdrop
from tailrace import Progressive
from tests.examples.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 0.1
TIMEOUT = 20
V1 = "application/x-progressive-json"
FAILS, SUCCEEDS = 0.1, 0.9
DICE = [SUCCEEDS]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(dripdrop.create_app(SECOND, lambda: DICE[0])) as address:
        yield address


@pytest.fixture
def _failing() -> Iterator[None]:
    DICE[0] = FAILS
    yield
    DICE[0] = SUCCEEDS


def asked(accept: str | None) -> dict[str, str]:
    return {} if accept is None else {"accept": accept}


def get(address: str, accept: str | None = V1) -> httpx2.Response:
    with httpx2.Client(timeout=TIMEOUT) as client:
        del client.headers["accept"]
        return client.get(address, headers=asked(accept))


@cache
def lines_of(address: str) -> list[str]:
    """The lines of a body, each without its end."""
    body = get(address).text
    assert body.endswith("\n")
    return body.removesuffix("\n").split("\n")


def records_of(address: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(address)]


DASHBOARD = """\
{"placeholder_id": null, "data": {"user":"$1","posts":"$2","timestamp":"2024-01-01"}, INITIAL}
{"placeholder_id": "$1", "data": {"name":"Alice","role":"admin"}, LATER}
{"placeholder_id": "$2", "data": [{"title":"Hello World"},{"title":"Progressive JSON"}], LATER}
{"placeholder_id": null, "data": null, "is_initial": false, "is_final": true, "error": null}
"""
INITIAL = '"is_initial": true, "is_final": false, "error": null'
LATER = '"is_initial": false, "is_final": false, "error": null'


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(
            0,
            marks=[
                pytest.mark.seed("D10"),
                pytest.mark.seed("D11"),
                pytest.mark.seed("D16"),
                pytest.mark.seed("D19"),
            ],
        ),
        pytest.param(1, marks=pytest.mark.seed("D17")),
        pytest.param(2, marks=pytest.mark.seed("D13")),
        pytest.param(3, marks=pytest.mark.seed("D18")),
    ],
)
def test_each_line_byte_for_byte(url: str, number: int) -> None:
    """The envelope has its members and its spaces as the README has them; the data within is compact."""
    expected = DASHBOARD.replace("INITIAL", INITIAL).replace("LATER", LATER).splitlines()
    assert lines_of(f"{url}/dashboard")[number] == expected[number]
    assert len(lines_of(f"{url}/dashboard")) == len(expected)


@pytest.mark.seed("D11")
@pytest.mark.seed("D14")
def test_what_is_there_already_waits_for_nobody(url: str) -> None:
    began = time.monotonic()
    with httpx2.stream("GET", f"{url}/blog", headers=asked(V1), timeout=TIMEOUT) as response:
        pieces = response.iter_raw()
        assert b'"is_initial": true' in next(pieces)
        at_once = time.monotonic() - began
        b"".join(pieces)
    assert at_once + SECOND < time.monotonic() - began


@pytest.mark.seed("D12")
def test_values_within_a_value_have_placeholders_of_their_own(url: str) -> None:
    first, profile, *within, _ = records_of(f"{url}/profile/ada")
    assert first["data"]["profile"] == profile["placeholder_id"] == "$1"
    assert profile["data"] == {"basic_info": "$2", "preferences": "$3", "activity_feed": "$4"}
    assert [record["placeholder_id"] for record in within] == ["$2", "$3", "$4"]
    assert within[2]["data"] == [{"did": "signed in"}, {"did": "wrote a post"}]


@pytest.mark.seed("D14")
@pytest.mark.parametrize(
    ("accept", "media_type", "begins"),
    [
        (V1, V1, b'{"placeholder_id": null, '),
        (f"{V1};v=2", f"{V1};v=2", b'{"v":2,"id":0,'),
        ("text/event-stream", "text/event-stream", b":\n\n"),
        (f"application/json;q=0.5, {V1}", V1, b'{"placeholder_id": null, '),
    ],
)
def test_who_asks_for_it_gets_a_stream(url: str, accept: str, media_type: str, begins: bytes) -> None:
    answer = get(f"{url}/api/data", accept)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["vary"] == "Accept"
    assert "content-length" not in answer.headers
    assert answer.content.startswith(begins)


@pytest.mark.seed("D15")
@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "text/html",
        "image/*, text/html;q=0.5",
        "application/x-progressive-json;q=0",
        "application/x-progressive-json;v=3",
        "not a media type",
        "",
    ],
)
def test_everybody_else_gets_plain_json(url: str, accept: str | None) -> None:
    answer = get(f"{url}/api/data", accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["vary"] == "Accept"
    assert answer.json() == {
        "sync_data": "available immediately",
        "async_data": {"wanted": None, "found": True},
    }


@pytest.mark.seed("D20")
def test_the_fast_come_before_the_slow(url: str) -> None:
    first, *values, _ = records_of(f"{url}/blog")
    assert first["data"] == {"header": "$1", "post": "$2", "comments": "$3", "footer": "$4"}
    order = [record["placeholder_id"] for record in values]
    assert sorted(order[:2]) == ["$1", "$4"]
    assert order[2:] == ["$2", "$3"]


@pytest.mark.seed("D21")
@pytest.mark.usefixtures("_failing")
def test_what_fails_is_an_error_of_its_own(url: str) -> None:
    """Its text is masked: the log has it under that reference."""
    first, failed, last = [json.loads(line) for line in get(f"{url}/risky").text.splitlines()]
    assert first["data"] == {"safe_data": "Always works", "risky_data": "$1"}
    assert re.fullmatch(r"Internal Server Error \(ref [0-9a-f]{12}\)", failed.pop("error"))
    assert failed == {"placeholder_id": "$1", "data": None, "is_initial": False, "is_final": False}
    assert (last["is_final"], last["error"]) == (True, None)


@pytest.mark.seed("D21")
@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize(("path", "status"), [("/risky", 500), ("/risky/listed", 200)])
def test_what_fails_in_a_finished_document(url: str, path: str, status: int) -> None:
    answer = get(url + path, None)
    assert answer.status_code == status
    document = answer.json()
    problem = document if status == 500 else document.pop("problems")[0]
    assert problem.pop("ref")
    if status == 200:
        assert problem.pop("pointer") == "/risky_data"
        assert document == {"safe_data": "Always works", "risky_data": None}
    assert problem == {"title": "Internal Server Error", "status": 500}


def put_in(document: Any, name: str, value: Any) -> Any:
    """A document with `value` where the placeholder was."""
    if isinstance(document, dict):
        return {key: put_in(member, name, value) for key, member in document.items()}
    if isinstance(document, list):
        return [put_in(element, name, value) for element in document]
    return value if document == name else document


def read(response: httpx2.Response) -> Any:
    """A client as the README asks for one."""
    if response.headers["content-type"] != V1:  # D22
        return json.loads(response.read())
    document: Any = None
    for line in response.iter_lines():
        record = json.loads(line)  # D23
        if record["is_final"]:  # D26
            return document
        if record["is_initial"]:  # D24
            document = record["data"]
        elif record["placeholder_id"] is not None:  # D25
            document = put_in(document, record["placeholder_id"], record["data"])
    raise EOFError("no line was the final one")


@pytest.mark.seed("D22")
@pytest.mark.seed("D23")
@pytest.mark.seed("D24")
@pytest.mark.seed("D25")
@pytest.mark.seed("D26")
@pytest.mark.parametrize("path", ["/blog", "/dashboard", "/profile/ada", "/risky", "/api/value"])
def test_a_client_puts_it_together(url: str, path: str) -> None:
    documents = []
    for accept in (V1, "application/json"):
        with httpx2.stream("GET", url + path, headers=asked(accept), timeout=TIMEOUT) as response:
            documents.append(read(response))
    reader = Progressive(version=1).decoder()
    reader.feed("".join(f"{line}\n" for line in lines_of(url + path)).encode())
    reader.finish()
    documents.append(reader.value)
    for document in documents:
        document.get("metadata", {}).pop("timestamp", None)
    assert documents[0] == documents[1] == documents[2]


@pytest.mark.seed("D22")
@pytest.mark.seed("D24")
@pytest.mark.seed("D26")
@pytest.mark.parametrize("path", ["/blog", "/profile/ada", "/api/value"])
def test_only_the_first_line_is_initial_and_only_the_last_is_final(url: str, path: str) -> None:
    records = records_of(url + path)
    for number, record in enumerate(records):
        assert list(record) == ["placeholder_id", "data", "is_initial", "is_final", "error"]
        assert record["is_initial"] == (number == 0)
        assert record["is_final"] == (number == len(records) - 1)
