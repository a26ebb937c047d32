"""What `progressive_route` is told: methods, and the name for problems."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable  # noqa: TC003 - FastAPI reads the annotations
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tailrace import Document
from tailrace.dripdrop import DripDrop
from tests.frameworks.test_dripdrop import get, refused


@pytest.mark.parametrize("tree", [lambda part: {"part": part}, lambda part: Document({"part": part})])
def test_problems_may_be_listed(tree: Callable[[Any], Any]) -> None:
    problem = {"pointer": "/part", "title": "Conflict", "status": 409}
    assert get(lambda: tree(refused()), problems="failed").json() == {"part": None, "failed": [problem]}


def test_the_name_for_problems_is_checked_at_once() -> None:
    with pytest.raises(TypeError, match="problems"):
        DripDrop().progressive_route("/", problems=5)  # type: ignore[arg-type]  # what is refused


def test_methods_are_names_of_methods() -> None:
    app = DripDrop()
    app.progressive_route("/", methods="post")(lambda: {"a": 1})
    assert TestClient(app).post("/").json() == {"a": 1}
    assert TestClient(app).get("/").headers["allow"] == "POST"
    with pytest.raises(TypeError, match="expected the names of methods"):
        app.progressive_route("/", methods=[])


def test_parts_are_closed_where_the_tree_has_the_name_for_problems() -> None:
    for tree in (lambda part: {"failed": part}, lambda part: Document({"failed": part}), lambda part: [part]):
        part = refused()
        assert get(functools.partial(tree, part), problems="failed").status_code == 500
        assert inspect.getcoroutinestate(part) == inspect.CORO_CLOSED
