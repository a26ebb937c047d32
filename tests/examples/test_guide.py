"""Numbers as text, events until the reader leaves, and the time for 30 seconds."""

from __future__ import annotations

import csv
import inspect
import io
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx2
import pytest

from examples import clock, counting, large_csv, updates
from tailrace import JSON, NDJSON, EventStream
from tests.examples.serving import serving, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

INTERVAL = 0.02
TIMEOUT = 10


@pytest.mark.parametrize(
    "create_app",
    [
        pytest.param(counting.create_app, marks=pytest.mark.seed("G1")),
        pytest.param(updates.create_app, marks=pytest.mark.seed("G3")),
        pytest.param(clock.create_app, marks=pytest.mark.seed("E1")),
    ],
)
def test_a_second_lies_between_two_items(create_app: Callable[[], FastAPI]) -> None:
    assert inspect.signature(create_app).parameters["interval"].default == 1.0


@pytest.mark.seed("G1")
def test_numbers_appear_one_by_one() -> None:
    with (
        serving(counting.create_app(INTERVAL)) as url,
        httpx2.stream("GET", f"{url}/stream-numbers", timeout=TIMEOUT) as response,
    ):
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        pieces = list(response.iter_raw())
    assert b"".join(pieces) == b"".join(b"Number: %d\n" % number for number in range(1, 11))
    assert len(pieces) > 1
    assert all(piece.endswith(b"\n") for piece in pieces)


@pytest.mark.seed("G2")
def test_a_hundred_thousand_rows_come_as_a_file() -> None:
    with (
        serving(large_csv.app) as url,
        httpx2.stream("GET", f"{url}/download-large-csv", timeout=TIMEOUT) as response,
    ):
        assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert response.headers["content-disposition"] == 'attachment; filename="large_data.csv"'
        pieces = list(response.iter_raw())
    header, *rows = csv.reader(io.StringIO(b"".join(pieces).decode(), newline=""), strict=True)
    assert header == ["id", "name", "value"]
    assert rows == [[str(number), f"Item {number}", str(number * 3.14)] for number in range(1, 100_001)]
    assert len(pieces) > 10


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == updates.__name__]


@pytest.mark.seed("G3")
def test_updates_begin_with_a_word_and_count(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=updates.__name__)
    began = datetime.now(UTC).timestamp()
    with serving(updates.create_app(INTERVAL)) as url, httpx2.Client(timeout=TIMEOUT) as client:
        with client.sse(f"{url}/sse-updates") as source:
            events = iter(source)
            first = next(events)
            assert (first.event, first.data, first.id) == ("message", "Connection established", "")
            counted = [json.loads(next(events).data) for _ in range(5)]
        assert [update["count"] for update in counted] == [1, 2, 3, 4, 5]
        assert all(list(update) == ["count", "timestamp"] for update in counted)
        stamps = [update["timestamp"] for update in counted]
        assert began - 1 < stamps[0] < stamps[-1] < datetime.now(UTC).timestamp() + 1
        assert stamps == sorted(set(stamps))
        # The reader has left: the source's `finally` runs to its end, and the outcome says why.
        until(lambda: len(told(caplog)) == 2, "nobody told the source that the reader has left", 5)
    closed, outcome = told(caplog)
    assert closed.startswith("the source was closed after ")
    assert outcome.startswith("disconnected after ")


@pytest.mark.seed("G3")
def test_updates_on_the_wire() -> None:
    with (
        serving(updates.create_app(60)) as url,
        httpx2.stream("GET", f"{url}/sse-updates", timeout=TIMEOUT) as response,
    ):
        assert response.headers["content-type"] == "text/event-stream"
        body = b""
        for piece in response.iter_raw():
            body += piece
            if body.endswith(b"}\n\n"):
                break
    opening, first, update, rest = body.split(b"\n\n")
    assert (opening, first, rest) == (b":", b"data: Connection established", b"")
    assert update.startswith(b'data: {"count":1,"timestamp":')


@pytest.mark.seed("E1")
@pytest.mark.parametrize("format_", [JSON(), NDJSON(), EventStream()], ids=lambda format_: format_.name)
def test_the_time_comes_thirty_times_and_then_ends(format_: JSON | NDJSON | EventStream) -> None:
    accept = {"Accept": format_.media_types[0]}
    with serving(clock.create_app(INTERVAL)) as url:
        response = httpx2.get(f"{url}/time", headers=accept, timeout=TIMEOUT)
    decoder = format_.decoder()
    items = [*decoder.feed(response.content), *decoder.finish()]
    if isinstance(format_, EventStream):
        end = items.pop()
        assert (end.event, end.id, end.data) == ("end", "~end", '{"count":30}')
        items = [json.loads(event.data) for event in items]
    times = [datetime.fromisoformat(item["time"]) for item in items]
    assert len(times) == 30
    assert times == sorted(times)
    assert times[-1] - times[0] > timedelta(seconds=29 * INTERVAL - 0.01)
    assert abs(times[0] - datetime.now(UTC)) < timedelta(seconds=TIMEOUT)


@pytest.mark.seed("E1")
def test_an_event_source_that_comes_back_after_the_end_is_told_to_stop() -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "~end"}
    with serving(clock.create_app(60)) as url:
        response = httpx2.get(f"{url}/time", headers=headers, timeout=TIMEOUT)
    assert response.status_code == 204
