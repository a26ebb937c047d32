"""What a user's own code raises while items are made comes behind those that were complete before."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tailrace import JSON, NDJSON, JSONSeq, Limits
from tailrace.client import connect, sync
from tailrace.client._body import Items
from tests.client.reading import SHELLS
from tests.client.script import ASK, sized
from tests.client.script_server import ScriptServer

if TYPE_CHECKING:
    from tailrace.formats import Decoder

BODIES = {
    "lines": (NDJSON(), "application/x-ndjson", b"1\n2\n3\n4\n"),
    "an-array": (JSON(), "application/json", b"[1,2,3,4]"),
    "a-sequence": (JSONSeq(), "application/json-seq", b"\x1e1\n\x1e2\n\x1e3\n\x1e4\n"),
}


class Odd(msgspec.Struct, array_like=True):
    """What knows nothing of the third."""

    n: int

    def __post_init__(self) -> None:
        if self.n == 3:
            raise KeyError(self.n)


def by(text: bytes) -> Any:
    if text == b"3":
        raise KeyError(3)
    return json.loads(text)


@pytest.mark.parametrize("name", BODIES)
def test_a_decoder_keeps_what_came_before(name: str) -> None:
    format_, _, body = BODIES[name]
    decoder: Decoder[Any] = format_.decoder(Limits(), by)
    assert decoder.feed(body) == [1, 2]
    for _ in range(2):
        with pytest.raises(KeyError, match="3"):
            decoder.feed(b"")


def test_what_makes_items_may_raise_anything() -> None:
    body = Items(NDJSON().decoder(), {1: "one", 2: "two"}.__getitem__)
    assert [item for item, _ in body.feed(b"1\n2\n3\n4\n")] == ["one", "two"]
    assert isinstance(body.error, KeyError)
    assert body.count == 2


def read(shell: str, url: str, got: list[Any]) -> None:
    """All items, in either shell."""
    if shell == "sync":
        got.extend(sync.connect(url, Odd))
        return

    async def items() -> None:
        async for item in connect(url, Odd):
            got.append(item)  # noqa: PERF401 - those before the error are wanted

    asyncio.run(items())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", BODIES)
def test_a_reader_hands_out_what_came_before(shell: str, name: str) -> None:
    _, media_type, body = BODIES[name]
    for number in b"1234":
        body = body.replace(b"%c" % number, b"[%c]" % number)
    got: list[Any] = []
    with ScriptServer([(ASK, sized(media_type, body))]) as server, pytest.raises(KeyError, match="3"):
        read(shell, server.url, got)
    assert got == [Odd(1), Odd(2)]
