"""`tailrace download` against a server that cuts, changes its mind and lies, over real sockets."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.ranges import BODY, ETAG, cut, digest, download, names, rest, status, whole
from tests.cli.scripted import Asked, invoke, scripted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASES: dict[str, tuple[list[Callable[[Asked], None]], int, list[str | None]]] = {
    # What the server does; how many requests; and from which byte on each asks.
    "at once": ([whole()], 0, [None]),
    "cut and resumed": ([cut(1000), rest()], 0, [None, "1000"]),
    "cut by a 1-byte trickle": ([cut(1), rest()], 0, [None, "1"]),
    "a server that gives less than it was asked for": (
        [cut(10), rest(until=5000), rest(until=90000), rest()],
        0,
        [None, "10", "5000", "90000"],
    ),
    "200 instead of 206 starts over": ([cut(1000), whole()], 0, [None, "1000"]),
    "without a validator nothing is joined": ([cut(1000, headers={}), whole()], 0, [None, None]),
    "a weak validator is none": ([cut(1000, headers={"ETag": 'W/"one"'}), whole()], 0, [None, None]),
    "412 starts over": ([cut(1000), status("412 No"), whole()], 0, [None, "1000", None]),
    "416 starts over": (
        [cut(1000), status("416 No", {"Content-Range": "bytes */500"}), whole()],
        0,
        [None, "1000", None],
    ),
    "206 of another file starts over": (
        [cut(1000), rest(ETag='"two"'), whole(ETag='"two"')],
        0,
        [None, "1000", None],
    ),
    "503 and 429 are waited for": (
        [status("503 No", {"Retry-After": "0"}), status("429 No"), whole()],
        0,
        [None, None, None],
    ),
    "digests that are right": (
        [whole(**{"Content-Digest": digest(BODY), "Repr-Digest": digest(BODY)})],
        0,
        [None],
    ),
    "a part with a digest of its own": (
        [cut(1000), rest(**{"Content-Digest": digest(BODY[1000:]), "Repr-Digest": digest(BODY)})],
        0,
        [None, "1000"],
    ),
    "spoilt on the way, and right the second time": (
        [
            cut(1000),
            rest(bytes(len(BODY)), **{"Content-Digest": digest(BODY[1000:])}),
            rest(**{"Content-Digest": digest(BODY[1000:])}),
        ],
        0,
        [None, "1000", "1000"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_file_is_whole(name: str, tmp_path: Path) -> None:
    script, code, offsets = CASES[name]
    with scripted(*script) as server:
        ran = download(server, tmp_path)
    assert ran.code == code, ran.err
    assert (tmp_path / "file.bin").read_bytes() == BODY
    assert names(tmp_path) == ["file.bin"]
    assert [asked.headers.get("range") for asked in server.asked] == [
        offset and f"bytes={offset}-" for offset in offsets
    ]
    assert all(asked.headers.get("if-range") == '"one"' for asked in server.asked if "range" in asked.headers)
    assert all(asked.headers["accept-encoding"] == "identity" for asked in server.asked)
    assert json.loads(ran.out)["bytes"] == len(BODY)


FAILURES: dict[str, tuple[list[Callable[[Asked], None]], list[str], int, str, list[str]]] = {
    "not found": ([status("404 No")], [], 3, "404", []),
    "a problem says why": (
        [
            status(
                "404 No",
                {"Content-Type": "application/problem+json"},
                b'{"title":"No such export","detail":"it has expired"}',
            )
        ],
        [],
        3,
        "No such export · it has expired",
        [],
    ),
    "nothing": ([status("204 No Content")], [], 3, "204", []),
    "always 500": ([status("500 No")], ["--retries", "2"], 3, "gave up after 3 attempts", []),
    "always cut where it was": (
        [cut(1000, headers={})],
        ["--retries", "2"],
        4,
        "cut off after 1000 of 102400 bytes",
        [],
    ),
    "busy for an hour": ([status("503 No", {"Retry-After": "3600"})], [], 3, "come back in 3600 s", []),
    "not what was wanted": ([whole()], ["--sha256", "0" * 64], 8, "nothing is kept", []),
    "not what Repr-Digest says": ([whole(**{"Repr-Digest": digest(b"")})], [], 8, "Repr-Digest", []),
    "spoilt each time": (
        [whole(**{"Content-Digest": digest(b"")})],
        ["--retries", "1"],
        8,
        "Content-Digest",
        [],
    ),
    "no digest": ([whole()], ["--sha256", "abc"], 2, "64 hexadecimal digits", []),
    "no header": ([whole()], ["-H", "nonsense"], 2, "Name: value", []),
    "coded in what nobody asked for": (
        [whole(**{"Content-Encoding": "br"})],
        [],
        6,
        "the server sends br",
        ["file.bin.part", "file.bin.part.json"],
    ),
    "a changing server": (
        [cut(10), status("412 No"), cut(20), status("412 No"), cut(30), status("412 No"), whole()],
        ["--retries", "1"],
        3,
        "has changed: 3 times now",
        [],
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_no_wrong_file_has_the_name(name: str, tmp_path: Path) -> None:
    script, options, code, said, left = FAILURES[name]
    with scripted(*script) as server:
        ran = download(server, tmp_path, *options)
    assert ran.code == code, ran.err
    assert said in ran.err
    assert names(tmp_path) == left


def test_another_origin_is_asked_for_the_rest_and_told_no_secret(tmp_path: Path) -> None:
    with scripted(cut(1000), rest()) as store:
        to = status("302 Found", {"Location": f"{store.url}/stored.bin"})
        with scripted(to) as front:
            ran = download(front, tmp_path, "-H", "X-Key: secret")
    assert ran.code == 0, ran.err
    assert (tmp_path / "stored.bin").read_bytes() == BODY
    assert [asked.headers["x-key"] for asked in front.asked] == ["secret", "secret"]
    assert ["x-key" in asked.headers for asked in store.asked] == [False, False]
    assert store.asked[1].headers["range"] == "bytes=1000-"


def test_nobody_there_is_told_at_once(tmp_path: Path) -> None:
    with scripted(whole()) as server:
        pass
    began = time.monotonic()
    ran = invoke("download", f"{server.url}/x", "-o", str(tmp_path))
    assert ran.code == 5
    assert time.monotonic() - began < 0.5
    assert names(tmp_path) == []


@pytest.mark.parametrize("url", ["ftp://localhost/x", "localhost/x", "http:///x"])
def test_what_is_no_url_is_usage(url: str, tmp_path: Path) -> None:
    ran = invoke("download", url, "-o", str(tmp_path))
    assert (ran.code, "http://localhost:8000" in ran.err) == (2, True)


def test_the_next_call_goes_on_under_the_same_name(tmp_path: Path) -> None:
    """Without -o too, where only the first answer says what the file is called."""
    named = {"Content-Disposition": 'attachment; filename="orders.csv"', **ETAG}
    with scripted(cut(1000, headers=named), rest()) as server:
        first = download(server, tmp_path, "--retries", "0", path="/export?id=7")
        assert (first.code, names(tmp_path)) == (4, ["orders.csv.part", "orders.csv.part.json"])
        second = download(server, tmp_path, path="/export?id=7")
    assert second.code == 0, second.err
    assert (tmp_path / "orders.csv").read_bytes() == BODY
    assert json.loads(second.out)["resumed_from"] == 1000
    assert names(tmp_path) == ["orders.csv"]


def test_a_part_of_something_else_is_not_gone_on_with(tmp_path: Path) -> None:
    with scripted(cut(1000), whole(b"other")) as server:
        assert download(server, tmp_path / "", "--retries", "0").code == 4
        ran = invoke("download", f"{server.url}/other", "-o", str(tmp_path / "file.bin"))
    assert ran.code == 0, ran.err
    assert "range" not in server.asked[1].headers
    assert (tmp_path / "file.bin").read_bytes() == b"other"


def test_a_part_of_nobody_knows_what_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"what is this?")
    with scripted(whole()) as server:
        ran = invoke("download", f"{server.url}/file.bin", "-o", str(tmp_path / "file.bin"))
    assert ran.code == 0
    assert "starts over" not in ran.err
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_a_part_that_is_whole_only_needs_its_name(tmp_path: Path) -> None:
    """As where the machine went down between the last byte and the new name."""
    with scripted(cut(1000), status("416 No", {"Content-Range": f"bytes */{len(BODY)}"})) as server:
        assert download(server, tmp_path, "--retries", "0").code == 4
        (tmp_path / "file.bin.part").write_bytes(BODY)
        ran = download(server, tmp_path, "--sha256", hashlib.sha256(BODY).hexdigest())
    assert ran.code == 0, ran.err
    assert (tmp_path / "file.bin").read_bytes() == BODY
