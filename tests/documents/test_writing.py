"""What the writer of a document does with what it is given."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
import pydantic
import pytest
from starlette.exceptions import HTTPException

from tailrace import Abort, Document, EventStream, Problem, Progressive
from tests.documents.parts import fails, growing, later, read, records, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Plain:
    user: Any


@attrs.define
class Attrs:
    user: Any


class Struct(msgspec.Struct, rename={"user": "theUser"}):
    user: Any


class Model(pydantic.BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    user: Any = pydantic.Field(alias="theUser")


@pytest.mark.parametrize(
    ("make", "name"),
    [(Plain, "user"), (Attrs, "user"), (Struct, "theUser"), (lambda user: Model(theUser=user), "theUser")],
    ids=["dataclass", "attrs", "msgspec", "pydantic"],
)
@pytest.mark.parametrize("inside", [False, True], ids=["itself", "inside"])
def test_a_part_may_be_a_member_of_an_object(make: Any, name: str, inside: bool) -> None:  # noqa: FBT001 - a case
    tree = make(later({"n": 1}))
    first, *rest = records({"a": [tree]} if inside else tree)
    meta = {name: 1}
    assert first["meta"] == ({"a": {"0": meta}} if inside else meta)
    assert {"id": 1, "set": {"n": 1}} in rest


def test_what_is_ready_after_a_turn_of_the_loop_is_no_hole() -> None:
    async def at_once() -> dict[str, Any]:
        return {"inner": later(5, turns=0), "slow": later(6)}

    first, *rest = records({"a": at_once(), "b": later(1, turns=0), "c": growing(1, 2, turns=0)})
    assert first["set"] == {"a": {"inner": 5, "slow": None}, "b": 1, "c": [1, 2]}
    assert first["meta"] == {"a": {"slow": 1}}
    assert rest == [{"id": 1, "set": 6}, {"done": 2}]


def test_more_that_is_ready_than_may_run_is_no_hole_either() -> None:
    first, last = records(Document([later(n, turns=0) for n in range(100)], concurrency=10))
    assert first["set"] == list(range(100))
    assert last == {"done": 1}


def test_one_awaitable_at_two_places_is_one_hole() -> None:
    one = later("x")
    first, second, last = records({"a": one, "b": [one]})
    assert first["meta"] == {"a": 1, "b": {"0": 1}}
    assert second == {"id": 1, "set": "x"}
    assert last == {"done": 2}


def test_one_failing_leaves_the_others_alone(caplog: pytest.LogCaptureFixture) -> None:
    reader = read({"a": {"bad/": fails(ValueError("secret"))}, "good": later(1, turns=9)})
    assert reader.value == {"a": {"bad/": None}, "good": 1}
    (problem,) = reader.problems.values()
    assert reader.problems == {"/a/bad~1": problem}
    assert (problem.title, problem.status) == ("Internal Server Error", 500)
    assert problem.ref in caplog.text
    assert "/a/bad~1" in caplog.text
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (Abort(Problem(title="Gone", status=410)), Problem(title="Gone", status=410)),
        (HTTPException(404), Problem(title="Not Found", status=404)),
        (HTTPException(403, "not yours"), Problem(title="Forbidden", status=403, detail="not yours")),
        (
            HTTPException(422, {"a": 1}),
            Problem(title="Unprocessable Content", status=422, extensions={"errors": {"a": 1}}),
        ),
    ],
    ids=repr,
)
def test_what_is_raised_on_purpose_is_said(error: Exception, problem: Problem) -> None:
    said = read({"a": fails(error)}).problems["/a"]
    assert (said.status, said.detail, said.extensions) == (problem.status, problem.detail, problem.extensions)


def test_what_cannot_be_written_fails_its_own_part(caplog: pytest.LogCaptureFixture) -> None:
    left = later("never awaited, and closed")
    reader = read({"bad": later({"coroutine": left, "x": [object()]}), "good": later(1)})
    assert reader.value == {"bad": None, "good": 1}
    assert "$.x[0]" in caplog.text
    with pytest.raises(RuntimeError, match="cannot reuse"):
        left.send(None)


def test_elements_before_an_error_are_delivered() -> None:
    async def rows() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(0.002)
        yield 2
        raise ValueError

    reader = read({"rows": rows()})
    assert reader.value == {"rows": [1, 2]}
    assert set(reader.problems) == {"/rows"}


def test_version_1_takes_no_number_that_data_has_and_says_once_where_it_cannot(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = run(
        {"price": "$2", "a": later(1), "b": later(["$1", "$3"], 9), "c": later("$1", 12)},
        formats=[Progressive(1)],
    )
    first, *rest = [json.loads(line) for line in exchange.body.splitlines()]
    assert first["data"] == {"price": "$2", "a": "$1", "b": "$3", "c": "$4"}
    assert [line["placeholder_id"] for line in rest] == ["$1", "$3", "$4", None]
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_another_encoder_writes_documents_too() -> None:
    exchange = run({"a": later({"b": 1}), "c": [later(2)]}, encoder=json.dumps)
    assert (
        exchange.body.splitlines()[0]
        == b'{"v":2,"id":0,"set":{"a": null, "c": [null]},"meta":{"a":1,"c":{"0":2}}}'
    )
    assert b'{"id":1,"set":{"b": 1}}' in exchange.body


def test_another_encoder_names_the_members_of_a_large_document_too() -> None:
    def shouted(value: Any) -> str:
        return json.dumps({name.upper(): member for name, member in value.items()})

    rows = list(range(1000))
    assert read({"a": later({"b": 1}), "c": rows}, encoder=shouted).value == {"A": {"B": 1}, "C": rows}


@pytest.mark.parametrize("format_", [Progressive(), Progressive(1), EventStream()], ids=repr)
def test_a_document_that_is_awaited_has_a_status_of_its_own(format_: Any) -> None:
    async def missing() -> Any:
        await asyncio.sleep(0)
        raise Abort(Problem(title="Not Found", status=404))

    assert run(missing(), formats=[format_]).messages[0]["status"] == 404
    exchange = run(later({"a": later(1)}), formats=[format_])
    reader = format_.reader()
    reader.feed(exchange.body)
    assert reader.value == {"a": 1}


@pytest.mark.parametrize("error", [GeneratorExit, type("Stop", (BaseException,), {})])
def test_whatever_a_part_raises_is_its_failure(error: Any, caplog: pytest.LogCaptureFixture) -> None:
    reader = read({"a": fails(error()), "b": later(1)})
    assert (list(reader.problems), reader.value["b"]) == (["/a"], 1)
    assert f"raised {error.__name__}" in caplog.text


def test_what_a_model_has_beyond_its_fields_is_closed_too() -> None:
    class Open(pydantic.BaseModel, extra="allow"):
        pass

    late, behind = later(1), later(2)
    run({"bad": object(), "model": Open(late=late), "class": Open, "behind": behind})
    assert inspect.getcoroutinestate(late) == inspect.getcoroutinestate(behind) == inspect.CORO_CLOSED
