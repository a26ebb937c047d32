"""`tailrace download` and the file system: what is there already, full disks, codings, two at a time, Ctrl-C."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.ranges import BODY, ETAG, cut, download, names, rest, whole
from tests.cli.scripted import Asked, command, environment, invoke, scripted

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"mine")
    with scripted(whole()) as server:
        ran = download(server, tmp_path)
        assert (ran.code, "--force" in ran.err) == (7, True)
        named = invoke("download", f"{server.url}/x", "-o", str(tmp_path / "file.bin"))
        assert named.code == 7
        assert len(server.asked) == 1  # with a name of one's own there is nothing to ask
        assert (tmp_path / "file.bin").read_bytes() == b"mine"
        assert download(server, tmp_path, "--force").code == 0
    assert (tmp_path / "file.bin").read_bytes() == BODY
    assert names(tmp_path) == ["file.bin"]


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    def slow(asked: Asked) -> None:
        asked.answer("200 OK", {"Content-Length": len(BODY), **ETAG}, BODY[:1000])
        until_there(tmp_path / "file.bin.part.json")
        (tmp_path / "file.bin").write_bytes(b"mine")
        asked.send(BODY[1000:])

    with scripted(slow) as server:
        assert download(server, tmp_path).code == 7
    assert (tmp_path / "file.bin").read_bytes() == b"mine"
    assert names(tmp_path) == ["file.bin", "file.bin.part", "file.bin.part.json"]


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").symlink_to("/dev/full")
    with scripted(whole()) as server:
        ran = download(server, tmp_path)
    assert (ran.code, "No space left on device" in ran.err) == (7, True)
    assert "file.bin" not in names(tmp_path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    ran = invoke("download", "http://localhost:9/x", "-o", str(tmp_path / "no" / "file"))
    assert (ran.code, "there is no folder" in ran.err) == (7, True)


@pytest.mark.parametrize(("name", "expected"), [("rows.csv", BODY), ("rows.csv.gz", gzip.compress(BODY))])
def test_what_comes_coded_all_the_same_is_decoded(name: str, expected: bytes, tmp_path: Path) -> None:
    packed = gzip.compress(BODY, mtime=0)
    script = [cut(100, packed, {"Content-Encoding": "gzip", **ETAG}), rest(packed)]
    with scripted(*script) as server:
        options = ["--sha256", hashlib.sha256(BODY).hexdigest()] if name.endswith("csv") else []
        ran = download(server, tmp_path, *options, path=f"/{name}")
    assert ran.code == 0, ran.err
    got = (tmp_path / name).read_bytes()
    assert (got if name.endswith("csv") else gzip.decompress(got)) == BODY
    assert len(got) == len(expected)
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(
    ("packed", "code", "size"),
    [
        (gzip.compress(bytes(3_000_000)), 0, 3_000_000),
        (gzip.compress(b"ab") + gzip.compress(b"c"), 0, 3),
        (gzip.compress(BODY)[:-20], 4, None),
        (BODY, 6, None),
    ],
    ids=["large", "two members", "short", "no gzip"],
)
def test_what_is_decoded_is_decoded_to_its_end(
    packed: bytes, code: int, size: int | None, tmp_path: Path
) -> None:
    with scripted(whole(packed, **{"Content-Encoding": "gzip"})) as server:
        assert download(server, tmp_path).code == code
    if size is None:
        assert names(tmp_path) == []
    else:
        assert (tmp_path / "file.bin").stat().st_size == size


def test_a_length_that_nobody_knows_is_said(tmp_path: Path) -> None:
    def close_delimited(asked: Asked) -> None:
        asked.answer("200 OK", {}, BODY)

    def chunked(asked: Asked) -> None:
        asked.answer("200 OK", {"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n0\r\n\r\n")

    with scripted(close_delimited, chunked) as server:
        ran = download(server, tmp_path)
        assert (ran.code, "cannot be known" in ran.err) == (0, True)
        assert json.loads(ran.out)["checked"] == []
        framed = download(server, tmp_path, path="/chunked")
        assert json.loads(framed.out)["checked"] == ["framing"]


def test_two_at_a_time_do_not_write_into_one_file(tmp_path: Path) -> None:
    with scripted(whole()) as server, (tmp_path / "file.bin.part").open("wb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = download(server, tmp_path)
    assert (second.code, "another download" in second.err) == (7, True)
    assert names(tmp_path) == ["file.bin.part"]


def until_there(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.01)


def test_ctrl_c_keeps_the_part_and_says_so(tmp_path: Path) -> None:
    waits = threading.Event()

    def slow(asked: Asked) -> None:
        asked.answer("200 OK", {"Content-Length": len(BODY), **ETAG}, BODY[:1000])
        waits.wait(10)

    with scripted(slow, rest()) as server:
        words = command("download", f"{server.url}/file.bin")
        with subprocess.Popen(
            words, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
        ) as first:
            part = tmp_path / "file.bin.part"
            until_there(part)
            while part.stat().st_size < 1000:
                time.sleep(0.01)
            first.send_signal(signal.SIGINT)
            _, said = first.communicate(timeout=10)
        waits.set()
        assert (first.returncode, "Traceback" in said) == (130, False), said
        assert "stopped after 1000 bytes; they are kept, and the same command goes on from there" in said
        ran = download(server, tmp_path)
    assert ran.code == 0, ran.err
    assert (tmp_path / "file.bin").read_bytes() == BODY
