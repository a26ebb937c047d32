"""What a reader makes of an error: its words, and the beginning of its body."""

from __future__ import annotations

from typing import Final

import httpx2

from tailrace.client._trouble import Beginning

PARTS: Final = 1000
LONGEST: Final = 64 * 1024


class Counted(bytes):
    """Bytes that note how often somebody asks how many they are."""

    asked = 0

    def __len__(self) -> int:
        Counted.asked += 1
        return super().__len__()


def beginning() -> Beginning:
    request = httpx2.Request("GET", "http://a/", extensions={"timeout": {}})
    return Beginning(httpx2.Response(500, request=request))


def test_each_part_is_counted_once() -> None:
    body, Counted.asked = beginning(), 0
    assert all(body.wants(Counted(b"x")) for _ in range(PARTS))
    assert Counted.asked <= 2 * PARTS
    assert body.bytes == b"x" * PARTS


def test_no_more_is_taken_than_is_looked_at() -> None:
    body = beginning()
    assert body.wants(b"x" * (LONGEST - 1))
    assert not body.wants(b"yz")
    assert body.bytes == b"x" * (LONGEST - 1) + b"y"
