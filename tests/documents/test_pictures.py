"""Pictures of a document that is being read."""

from __future__ import annotations

from typing import Any

from tailrace import Limits, Progressive

ROOT = b'{"v":2,"id":0,"set":{"now":1,"user":null,"posts":[{"n":0}],"text":"a"},"meta":{"user":1,"posts":2,"text":3}}\n'
USER = b'{"id":1,"set":{"name":"Ada","friends":null},"meta":{"friends":4}}\n'
FRIENDS = b'{"id":4,"set":["Bo"]}\n'
REST = b'{"id":2,"push":[{"n":1}]}\n{"id":2,"end":true}\n{"id":3,"text":"bc","end":true}\n'


def reader_of(*lines: bytes) -> Any:
    reader = Progressive().reader()
    for line in lines:
        reader.feed(line)
    return reader


def test_pictures_do_not_change_and_share_what_has_not() -> None:
    reader = reader_of(
        b'{"v":2,"id":0,"set":{"old":{"x":[1]},"rows":[],"late":null},"meta":{"rows":1,"late":2}}\n'
    )
    first = reader.value
    reader.feed(b'{"id":1,"push":[{"a":null}],"meta":{"0":{"a":3}}}\n{"id":2,"set":5}\n')
    second = reader.value
    reader.feed(b'{"id":3,"set":6}\n{"id":1,"push":[1]}\n')
    third = reader.value
    assert first == {"old": {"x": [1]}, "rows": [], "late": None}
    assert second == {"old": {"x": [1]}, "rows": [{"a": None}], "late": 5}
    assert third == {"old": {"x": [1]}, "rows": [{"a": 6}, 1], "late": 5}
    assert first["old"] is second["old"] is third["old"]
    assert second["rows"][:] == [{"a": None}]
    assert list(reversed(third["rows"])) == [1, {"a": 6}]


def test_a_picture_after_every_push_costs_no_more_than_the_pushes() -> None:
    def copied(count: int) -> int:
        reader = Progressive().reader()
        reader.feed(b'{"v":2,"id":0,"set":{"rows":[]},"meta":{"rows":1}}\n')
        lists: set[int] = set()
        kept: list[Any] = []
        for n in range(count):
            reader.feed(b'{"id":1,"push":[%d]}\n' % n)
            kept.append(reader.value["rows"])
            lists.add(id(kept[-1]._elements))
        assert [len(one) for one in kept] == list(range(1, count + 1))
        return len(lists)

    assert copied(500) == 1


def test_one_object_inside_another_again_and_again_is_no_bomb() -> None:
    reader = Progressive().reader(Limits(depth=500))
    reader.feed(b'{"v":2,"id":0,"set":[null,null],"meta":{"0":1,"1":1}}\n')
    for n in range(1, 200):
        (change,) = reader.feed(b'{"id":%d,"set":[null,null],"meta":{"0":%d,"1":%d}}\n' % (n, n + 1, n + 1))
    assert len(change.pointers) == 100
    assert reader["0"]["1"]["0"].value[1][0] is not None
    reader.feed(b'{"id":200,"set":0}\n{"done":201}\n')
    reader.finish()
