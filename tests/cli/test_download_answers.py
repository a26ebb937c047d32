"""What an answer means to who has a part of the file, what a file is called, and which digests count: tables."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from tailrace.cli.download.answer import Complete, Kept, Later, Refused, Restart, Take, judge, validator_of
from tailrace.cli.download.digests import digests_of
from tailrace.cli.download.name import harmless, name_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
BEFORE = "Wed, 31 Dec 2025 23:59:58 GMT"
NOTHING = Kept()
PART = Kept(10, '"a"', 20)
UNSIZED = Kept(10, '"a"', None)
DATED = Kept(10, BEFORE, 20)

ANSWERS: list[tuple[str, int, dict[str, str], Kept, Any]] = [
    ("the whole", 200, {"content-length": "20", "etag": '"a"'}, NOTHING, Take(0, 20, '"a"')),
    ("of unknown length", 200, {}, NOTHING, Take(0, None, None)),
    ("a weak name is none", 200, {"etag": 'W/"a"'}, NOTHING, Take(0, None, None)),
    ("all of it again", 200, {"content-length": "30", "etag": '"b"'}, PART, Take(0, 30, '"b"')),
    ("the rest", 206, {"content-range": "bytes 10-19/20"}, PART, Take(10, 20, '"a"', 20)),
    ("some of the rest", 206, {"content-range": "bytes 10-14/20"}, PART, Take(10, 20, '"a"', 15)),
    ("of a length that nobody knows", 206, {"content-range": "bytes 10-19/*"}, PART, Take(10, 20, '"a"', 20)),
    ("that was unknown before", 206, {"content-range": "bytes 10-19/20"}, UNSIZED, Take(10, 20, '"a"', 20)),
    (
        "of the same",
        206,
        {"content-range": "bytes 10-19/20", "etag": '"a"'},
        PART,
        Take(10, 20, '"a"', 20),
    ),
    ("of another", 206, {"content-range": "bytes 10-19/20", "etag": '"b"'}, PART, Restart("has changed")),
    (
        "of another day",
        206,
        {"content-range": "bytes 10-19/20", "last-modified": DATE, "date": "Thu, 01 Jan 2026 00:00:09 GMT"},
        DATED,
        Restart("has changed"),
    ),
    ("longer", 206, {"content-range": "bytes 10-20/21"}, PART, Restart("has another length now")),
    ("elsewhere", 206, {"content-range": "bytes 0-19/20"}, PART, Restart("came from byte 0 and not from 10")),
    ("no range", 206, {}, PART, Restart("came with a range that cannot be read")),
    (
        "impossible",
        206,
        {"content-range": "bytes 10-20/20"},
        PART,
        Restart("came from byte 10 and not from 10"),
    ),
    ("unasked", 206, {"content-range": "bytes 0-19/20"}, NOTHING, Refused),
    ("all is there", 416, {"content-range": "bytes */10"}, UNSIZED, Complete()),
    ("there is less", 416, {"content-range": "bytes */5"}, PART, Restart("has another length now")),
    (
        "there was to be more",
        416,
        {"content-range": "bytes */10"},
        PART,
        Restart("has another length now"),
    ),
    ("out of range, of what?", 416, {}, PART, Restart("has another length now")),
    ("out of no range", 416, {}, NOTHING, Refused),
    ("precondition failed", 412, {}, PART, Restart("has changed")),
    ("without one", 412, {}, NOTHING, Refused),
    ("not found", 404, {}, PART, Refused),
    ("nothing", 204, {}, NOTHING, Refused),
    ("server error", 500, {}, PART, Later("the server answers 500", None)),
    ("busy", 503, {"retry-after": "7"}, PART, Later("the server answers 503", 7.0)),
    (
        "too many, until",
        429,
        {"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"},
        PART,
        Later("the server answers 429", 30.0),
    ),
    ("until nonsense", 429, {"retry-after": "soon"}, PART, Later("the server answers 429", None)),
]


@pytest.mark.parametrize(
    ("status", "fields", "kept", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_an_answer_means(status: int, fields: dict[str, str], kept: Kept, expected: Any) -> None:
    verdict = judge(status, fields, kept, NOW)
    if expected is Refused:
        assert isinstance(verdict, Refused)
    else:
        assert verdict == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"etag": '"x"', "last-modified": BEFORE, "date": DATE}, '"x"'),
        ({"etag": 'W/"x"', "last-modified": BEFORE, "date": DATE}, BEFORE),
        ({"last-modified": DATE, "date": DATE}, None),  # within a second it may have changed twice
        ({"last-modified": BEFORE}, None),
        ({"last-modified": "yesterday", "date": DATE}, None),
    ],
)
def test_only_a_strong_validator_names_a_file(fields: dict[str, str], expected: str | None) -> None:
    assert validator_of(fields) == expected


@pytest.mark.parametrize(
    ("disposition", "path", "expected"),
    [
        (None, "/a/orders.csv", "orders.csv"),
        (None, "/a/", "a"),
        (None, "/", "download"),
        (None, "/..%2f..%2fetc%2fpasswd", "passwd"),
        (None, "/%e2%82%ac.txt", "€.txt"),
        ("attachment", "/x", "x"),
        ("inline; filename=plain.txt", "/x", "plain.txt"),
        ('attachment; filename="two words.txt"', "/x", "two words.txt"),
        ('attachment; filename="say \\"hi\\".txt"', "/x", "say _hi_.txt"),
        ("attachment; filename=\"EURO.txt\"; filename*=UTF-8''%e2%82%ac.txt", "/x", "€.txt"),
        ("attachment; filename*=iso-8859-1'en'%A3.txt; filename=a", "/x", "£.txt"),
        ("attachment; filename*=UTF-8''%ff.txt; filename=a.txt", "/x", "a.txt"),
        ("attachment; filename*=koi8-r''x; filename=a.txt", "/x", "a.txt"),
        ('attachment; filename="../../.ssh/authorized_keys"', "/x", "authorized_keys"),
        ('attachment; filename="..\\\\..\\\\boot.ini"', "/x", "boot.ini"),
        ("attachment; filename*=UTF-8''..%2F..%2Fevil", "/x", "evil"),
        ('attachment; filename=".bashrc"', "/x", "bashrc"),
        ('attachment; filename=".."', "/x", "x"),
        ('attachment; filename="a\tb\x7f.txt"', "/x", "a_b_.txt"),
        ("attachment; filename*=UTF-8''invoice%E2%80%AEfdp.exe", "/x", "invoice_fdp.exe"),
        ('attachment; filename="con.txt"', "/x", "_con.txt"),
        ('attachment; filename="trailing. ."', "/x", "trailing"),
        (f'attachment; filename="{"x" * 300}.tar"', "/x", "x" * 236 + ".tar"),
        (f"attachment; filename*=UTF-8''{'%e2%82%ac' * 100}.tar", "/x", "€" * 78 + ".tar"),
    ],
)
def test_a_name(disposition: str | None, path: str, expected: str) -> None:
    assert name_of(disposition, path) == expected
    assert harmless(expected) == expected
    assert len(f"{expected}.part.json~".encode()) <= 255


def coded(data: bytes, name: str) -> str:
    return f":{base64.b64encode(hashlib.new(name, data).digest()).decode()}:"


def test_digests_that_are_still_to_be_trusted() -> None:
    field = f"md5={coded(b'x', 'md5')}, sha-256={coded(b'x', 'sha256')},sha-512={coded(b'x', 'sha512')}"
    assert digests_of(field) == {
        "sha256": hashlib.sha256(b"x").digest(),
        "sha512": hashlib.sha512(b"x").digest(),
    }


@pytest.mark.parametrize(
    "field", [None, "", "sha-256=abc", "sha-256=:####:", "sha-256=:YQ==:", "sha-256=:Y:"]
)
def test_what_is_no_digest(field: str | None) -> None:
    assert digests_of(field) == {}
