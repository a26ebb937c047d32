"""The method `stream` of the responses: the body as text, for who calls it and who overrides it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from restflow.responses import streaming as peer

from tailrace.restflow import NDJSONResponse, SSEResponse, StreamingJSONListResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ITEMS = [{"data": 1}, {"data": 2}]


async def each(items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def body_of(response: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in response])

    return asyncio.run(read())


@pytest.mark.seed("R7")
@pytest.mark.seed("R16")
@pytest.mark.parametrize(
    ("kind", "item", "error", "before"),
    [
        (SSEResponse, {"id": "a\n"}, ValueError, "data: 1\n\n"),
        (NDJSONResponse, object(), TypeError, '{"data":1}\n'),
        (StreamingJSONListResponse, object(), TypeError, '[{"data":1}]'),
    ],
)
def test_stream_raises_what_restflow_raises(
    kind: type[Any], item: Any, error: type[Exception], before: str, caplog: pytest.LogCaptureFixture
) -> None:
    def raised_by(cls: type[Any]) -> tuple[str, Exception]:
        pieces: list[str] = []

        async def read() -> None:
            async for piece in cls(each([{"data": 1}, item])).stream():
                pieces.append(piece)  # noqa: PERF401 - those before the error are what is looked at

        with pytest.raises(error) as raised:
            asyncio.run(read())
        return "".join(pieces), raised.value

    ours, our_error = raised_by(kind)
    _, their_error = raised_by(getattr(peer, kind.__name__))
    assert ours.startswith(before)
    assert (type(our_error), str(our_error)) == (type(their_error), str(their_error))
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * (
        2 if "List" in kind.__name__ else 1
    )


@pytest.mark.seed("R2")
def test_a_subclass_makes_another_body_of_it() -> None:
    class Enveloped(StreamingJSONListResponse):
        async def stream(self) -> AsyncIterator[Any]:
            yield '{"é":'
            async for piece in super().stream():
                yield piece
            yield b"}"

    body = '{"é":[{"data":1},{"data":2}]}'.encode()
    assert body_of(Enveloped(each(ITEMS))) == body
    assert b"".join(Enveloped(each(ITEMS))) == body


def test_stream_closes_its_items_when_it_is_left() -> None:
    closed: list[bool] = []

    async def items() -> AsyncIterator[Any]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def leave() -> None:
        stream = NDJSONResponse(items()).stream()
        assert (await anext(stream)).startswith("1\n")
        await stream.aclose()
        assert closed == [True]

    asyncio.run(leave())
