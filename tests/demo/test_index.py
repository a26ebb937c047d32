"""The index: what is found in source, that it can be read while it grows, that a second start finds it again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from examples.demo.build import stamp
from examples.demo.index import Index, Progress
from examples.demo.parse import Row, Source, parse_file
from examples.demo.terminal import describe
from tests.demo.running import PACKAGES

if TYPE_CHECKING:
    from pathlib import Path

CODE = '''
if True:
    class Mill(object):
        """

        Grinds.
        More.
        """
        async def grind(self, corn, /, speed=1, *, fine=False, **rest):
            def stone(): pass

def turn(*wheels, way): "Turns."
'''


def test_a_file_becomes_a_row_for_every_function_and_class(tmp_path: Path) -> None:
    (tmp_path / "river").mkdir()
    (tmp_path / "river" / "__init__.py").write_text(CODE)
    rows = parse_file(Source(str(tmp_path), str(tmp_path / "river" / "__init__.py")))
    file = "river/__init__.py"
    assert rows == [
        Row("river", "Mill", "class", file, 3, 8, "", 0, "Grinds."),
        Row(
            "river",
            "Mill.grind",
            "async method",
            file,
            9,
            2,
            "(self, corn, /, speed=…, *, fine=…, **rest)",
            4,
            "",
        ),
        Row("river", "Mill.grind.<locals>.stone", "function", file, 10, 1, "()", 0, ""),
        Row("river", "turn", "function", file, 12, 1, "(*wheels, way)", 1, "Turns."),
    ]


@pytest.mark.parametrize(
    "content", [b"def (", b"\x00", b"\xff\xfe\xff", b"(" * 5000, b"'" + rb"\ud800" + b"'"], ids=repr
)
def test_what_is_no_python_is_passed_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.py"
    file.write_bytes(content)
    assert parse_file(Source(str(tmp_path), str(file))) == []


def test_a_lone_surrogate_does_not_reach_the_index(tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    file.write_text(r'def f(): "a \ud800 half"')
    assert parse_file(Source(str(tmp_path), str(file)))[0].doc == r"a \ud800 half"


def test_rows_are_read_while_they_are_found_and_found_again(tmp_path: Path) -> None:
    seen: list[Progress] = []
    first = Index(tmp_path, PACKAGES, "one", report=seen.append)
    first.open()
    early = first.read()
    beginning = next(early)
    # With the first row in hand the building goes on: `early` sees what is found after it too.
    assert first.progress.state == "building"
    rows = [beginning, *early]
    states = [progress.state for progress in first.watch()]
    first.close()
    assert states[-1] == "ready"
    assert len(rows) == first.progress.rows == seen[-1].rows > 1000
    assert {row["module"] for row in rows} >= {"base_events", "decoder", "mock", "message"}

    again = Index(tmp_path, PACKAGES, "one")
    again.open()
    assert again.progress == Progress("ready", rows=len(rows), cached=True)
    assert list(again.read()) == rows
    again.close()


def test_an_index_that_was_not_finished_is_not_kept(tmp_path: Path) -> None:
    stopped = Index(tmp_path, PACKAGES, "one")
    stopped.open()
    next(stopped.watch())
    stopped.close()
    assert stopped.progress.state == "failed"
    assert list(tmp_path.iterdir()) == []
    assert all(thread.name != "index" for thread in threading.enumerate())


def test_a_package_more_is_another_index(tmp_path: Path) -> None:
    before = stamp([tmp_path])
    (tmp_path / "millstone-1.0.dist-info").mkdir()
    assert stamp([tmp_path]) != before


def test_the_terminal_says_how_far_it_is() -> None:
    assert "[#######....." in describe(Progress(files=1, total=4, rows=10))
    assert describe(Progress("ready", rows=1234, cached=True)).startswith("index: 1,234 functions")
