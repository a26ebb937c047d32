"""Parts of a document that is being read: awaited, iterated over, looked at."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from tailrace import JSON, Progressive
from tailrace.errors import DecodeError, StreamFailed, Truncated

if TYPE_CHECKING:
    from collections.abc import Coroutine

ROOT = b'{"v":2,"id":0,"set":{"now":1,"user":null,"posts":[{"n":0}],"text":"a"},"meta":{"user":1,"posts":2,"text":3}}\n'
USER = b'{"id":1,"set":{"name":"Ada","friends":null},"meta":{"friends":4}}\n'
FRIENDS = b'{"id":4,"set":["Bo"]}\n'
REST = b'{"id":2,"push":[{"n":1}]}\n{"id":2,"end":true}\n{"id":3,"text":"bc","end":true}\n'


def run(scenario: Coroutine[Any, Any, Any]) -> Any:
    async def in_time() -> Any:
        async with asyncio.timeout(5):
            return await scenario

    return asyncio.run(in_time())


def reader_of(*lines: bytes) -> Any:
    reader = Progressive().reader()
    for line in lines:
        reader.feed(line)
    return reader


async def gathered(waiting: Any, parts: list[Any] | None = None) -> list[Any]:
    parts = [] if parts is None else parts
    async for part in waiting:
        parts.append(part)
    return parts


def test_a_part_can_be_awaited_before_it_comes_and_after_as_often_as_one_likes() -> None:
    async def scenario() -> None:
        reader = reader_of()
        name, friends, user = reader["user"]["name"], reader["user"]["friends"], reader["user"]
        tasks = [
            asyncio.ensure_future(wait_for(one))
            for one in (name, friends, user, reader["now"], reader.document)
        ]
        await asyncio.sleep(0)
        reader.feed(ROOT + USER)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [task.done() for task in tasks] == [True, False, False, True, False]
        reader.feed(FRIENDS)
        assert await tasks[1] == await friends == await friends == ["Bo"]
        assert await tasks[2] == {"name": "Ada", "friends": ["Bo"]}
        reader.feed(REST + b'{"done":6}\n')
        assert await tasks[4] == reader.value
        assert reader.complete

    run(scenario())


def read_all(reader: Any, rest: bytes) -> None:
    reader.feed(rest)
    reader.finish()


async def wait_for(handle: Any) -> Any:
    return await handle


def test_a_part_is_awaited_whether_it_was_a_hole_or_not() -> None:
    async def scenario() -> None:
        assert await reader_of(ROOT)["now"] == 1

    run(scenario())


def test_lists_and_texts_are_iterated_over_as_they_come() -> None:
    async def scenario() -> None:
        reader = reader_of(ROOT)
        posts = asyncio.ensure_future(gathered(reader["posts"]))
        text = asyncio.ensure_future(gathered(reader["text"]))
        await asyncio.sleep(0)
        reader.feed(b'{"id":2,"push":[{"n":1},{"n":null}],"meta":{"1":{"n":4}}}\n{"id":3,"text":"b"}\n')
        await asyncio.sleep(0)
        reader.feed(b'{"id":3,"text":"c","end":true}\n{"id":2,"end":true}\n')
        await asyncio.sleep(0)
        assert not posts.done()
        reader.feed(b'{"id":4,"set":2}\n')
        assert await posts == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert await text == ["a", "b", "c"]
        assert await gathered(reader["text"]) == ["abc"]
        assert await gathered(reader["posts"]) == [{"n": 0}, {"n": 1}, {"n": 2}]
        with pytest.raises(TypeError, match="a list or a text"):
            await gathered(reader["now"])

    run(scenario())


def test_what_failed_raises_and_the_others_do_not() -> None:
    async def scenario() -> None:
        reader = reader_of(
            ROOT,
            USER,
            b'{"id":4,"err":{"title":"Gone","status":410}}\n',
            b'{"id":2,"err":{"title":"Half"}}\n',
        )
        for handle in (reader["user"], reader["user"]["friends"], reader["user"]["friends"][0]):
            with pytest.raises(StreamFailed) as failed:
                await handle
            assert (failed.value.pointer, failed.value.problem.status) == ("/user/friends", 410)
        assert await reader["user"]["name"] == "Ada"
        posts: list[Any] = []
        with pytest.raises(StreamFailed, match="Half"):
            await gathered(reader["posts"], posts)
        assert posts == [{"n": 0}] == [await reader["posts"][0]]

    run(scenario())


@pytest.mark.parametrize("cut", [b"", b'{"id":9,"set":1}\n', b'{"done":5}\n'], ids=["end", "wrong", "count"])
def test_what_will_never_come_raises_and_what_came_stays(cut: bytes) -> None:
    async def scenario() -> None:
        reader = reader_of(ROOT)
        waiting = [asyncio.ensure_future(wait_for(reader[name])) for name in ("user", "posts", "text")]
        rows = asyncio.ensure_future(gathered(reader["posts"]))
        await asyncio.sleep(0)
        with pytest.raises(DecodeError):
            read_all(reader, cut)
        for task in (*waiting, rows):
            with pytest.raises(Truncated):
                await task
        assert await reader["now"] == 1
        assert reader.value["posts"] == [{"n": 0}]
        assert reader.open == ["/user", "/posts", "/text"]

    run(scenario())


def test_nobody_has_to_wait_for_a_part_that_fails() -> None:
    async def scenario() -> None:
        reader = reader_of(ROOT)
        abandoned = asyncio.ensure_future(wait_for(reader["user"]))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.wait([abandoned])
        assert not reader["user"].find()[0].listeners
        with pytest.raises(Truncated):
            reader.finish()
        del reader
        gc.collect()

    run(scenario())


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (b'{"done":3}\n', None),
        (b'{"done":4}\n', Truncated),
        (b'{"done":3,"err":{"title":"Gone","status":503}}\n', StreamFailed),
        (b"", Truncated),
    ],
    ids=["good", "a record is lost", "failed", "cut"],
)
@pytest.mark.parametrize("how", ["awaited", "iterated over"])
def test_the_whole_is_there_once_the_last_record_is(how: str, last: bytes, error: Any) -> None:
    async def scenario() -> None:
        reader = reader_of(b'{"v":2,"id":0,"set":[],"meta":1}\n{"id":1,"push":[7]}\n{"id":1,"end":true}\n')
        waiting = asyncio.ensure_future(
            asyncio.wait_for(reader.document, 5) if how == "awaited" else gathered(reader.document)
        )
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert await reader[0] == 7  # its parts are there
        assert not reader.document.finished
        if error is None:
            reader.feed(last)
            assert list(await waiting) == list(reader.document.result()) == [7]
            assert reader.document.finished
            return
        with pytest.raises(error):
            reader.feed(last) or reader.finish()
        with pytest.raises(error):
            await waiting
        with pytest.raises(error):
            reader.document.result()

    run(scenario())


def test_whoever_waits_is_told_why_the_reading_failed() -> None:
    async def scenario() -> None:
        reader = reader_of(ROOT)
        waiting = asyncio.ensure_future(gathered(reader["posts"]))
        await asyncio.sleep(0)
        reader.fail(ConnectionResetError("by the peer"))
        with pytest.raises(Truncated, match=r"/posts had come \(ConnectionResetError: by the peer\)") as told:
            await waiting
        assert isinstance(told.value.__cause__, ConnectionResetError)
        assert await reader["now"] == 1
        assert not reader.complete
        for again in (reader.finish, lambda: reader.feed(USER)):
            with pytest.raises(Truncated, match="by the peer"):
                again()

    run(scenario())


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<!DOCTYPE html>\n", r"is it progressive JSON.*\? See the response's status and Content-Type"),
        (b'{"title":"Not Found","status":404}', r"ends inside a (record|line) \(is it progressive JSON"),
        (b'{"placeholder_id":"$1"}\n', r"is it progressive JSON"),
        (b'{"v":2,"id":0,', r"ends inside a (record|line)"),
        (b"", r"ends before its last (record|line)"),
    ],
)
def test_a_body_that_is_something_else_is_told_so(version: int, body: bytes, error: str) -> None:
    reader = Progressive(version).reader()
    with pytest.raises(DecodeError, match=error):
        reader.feed(body) or reader.finish()


def test_pointers_and_places_that_are_not_there() -> None:
    reader = reader_of(b'{"v":2,"id":0,"set":{"a/b":{"~":[1,{"":2}]},"rows":[0]},"meta":{"rows":1}}\n')
    assert reader.at("/a~1b/~0/1/").value == reader["a/b"]["~"][1][""].value == 2
    assert reader["a/b"]["~"]["1"].pointer == "/a~1b/~0/1"
    assert reader.at("").value == reader.value
    for handle, what in [
        (reader["c"], "expected one of 'a/b', 'rows'"),
        (reader["a/b"]["~"][2], "an index below 2"),
        (reader["a/b"]["~"][-1], "an index below 2"),
        (reader["rows"][0]["x"], "neither an object nor a list, but int"),
    ]:
        with pytest.raises(LookupError, match=what):
            _ = handle.value
        assert not handle.finished
    with pytest.raises(LookupError, match="has not come yet"):
        reader["rows"][1].result()
    with pytest.raises(TypeError, match="expected the name"):
        reader[True]
    for stray in ("a", "/a~", "/~2"):
        with pytest.raises(ValueError, match="JSON Pointer"):
            reader.at(stray)


def test_what_is_awaited_or_iterated_over_fails_when_something_in_it_does() -> None:
    async def scenario() -> None:
        reader = reader_of(ROOT)
        page = asyncio.ensure_future(wait_for(reader.document))
        await asyncio.sleep(0)
        reader.feed(b'{"id":1,"err":{"title":"Gone","status":410}}\n')
        with pytest.raises(StreamFailed, match="/user"):
            await page
        for handle in (reader["user"], reader["user"]["posts"]):
            with pytest.raises(StreamFailed, match="/user"):
                await gathered(handle)

    run(scenario())


def test_a_handle_is_no_iterable() -> None:
    reader = reader_of(ROOT)
    for iterable in (reader, reader["posts"]):
        with pytest.raises(TypeError, match="not iterable"):
            list(iterable)
        with pytest.raises(TypeError, match="not a container"):
            _ = 1 in iterable


def test_a_finished_document_is_read_as_the_same_object() -> None:
    async def scenario() -> None:
        reader = JSON().reader()
        waiting = asyncio.ensure_future(wait_for(reader["a"][0]))
        await asyncio.sleep(0)
        reader.feed(b'{"a":[1')
        reader.feed(b"]}")
        reader.finish()
        assert await waiting == 1

    run(scenario())
