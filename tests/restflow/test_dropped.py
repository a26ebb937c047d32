"""A response that is dropped half read, without the garbage collector."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import pytest

from tailrace.restflow import NDJSONResponse, SSEResponse, StreamingJSONListResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN = 5.0


@pytest.mark.parametrize("kind", [NDJSONResponse, SSEResponse, StreamingJSONListResponse])
def test_a_response_that_was_dropped_closes_its_items(kind: Any) -> None:
    closed: list[bool] = []

    def items() -> Iterator[str]:
        try:
            while True:
                yield "tick"
                time.sleep(0.001)  # a source that is slower than its reader
        finally:
            closed.append(True)

    gc.disable()
    try:
        body = iter(kind(items()))
        assert next(body) is not None
        del body
        deadline = time.monotonic() + WITHIN
        while not closed:
            assert time.monotonic() < deadline
            time.sleep(0.001)
    finally:
        gc.enable()
