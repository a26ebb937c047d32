"""`tailrace watch`: its pictures as text, and the program in a terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from tailrace import Event, Problem
from tailrace.cli.watch.picture import Counter, headline
from tailrace.cli.watch.table import Rows
from tailrace.cli.watch.tail import BytesTail, TextTail
from tailrace.cli.watch.tree import Growth
from tests.cli.scripted import WITHIN, Asked, command, environment, invoke, scripted
from tests.cli.test_get import DOCUMENT, EVENTS, GROWING, LINES, PARTS, body

if TYPE_CHECKING:
    from collections.abc import Callable


def drawn(picture: Any, height: int = 20, width: int = 60) -> list[str]:
    out = io.StringIO()
    Console(width=width, file=out).print(picture.draw(height))
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]


def test_the_last_rows_as_a_table() -> None:
    rows = Rows(events=False)
    for number in range(100):
        rows.take((Event(None), {"id": number, "name": f"n{number}", "tags": ["a"], "off": None}))
    head, rule, *shown = drawn(rows, 7)
    assert head.split() == ["id", "name", "tags"]
    assert set(rule.strip()) == {"─"}
    assert [line.split() for line in shown] == [[str(n), f"n{n}", '["a"]'] for n in (97, 98, 99)]


def test_events_have_their_id_and_name() -> None:
    rows = Rows(events=True)
    rows.take((Event("1", event="tick", id="7"), {"load": 1.5}))
    rows.take((Event("x", id="8"), "two\nlines"))
    shown = drawn(rows)
    assert re.sub(r" +", " ", shown[0]).strip() == "id event load data"
    assert re.sub(r" +", " ", shown[2]).strip() == "7 tick 1.5"
    assert re.sub(r" +", " ", shown[3]).strip() == "8 null two lines"


OPEN = {
    "user": {"name": "Ada", "friends": None},
    "posts": [{"id": 1, "n": 2}, {"id": 2, "n": None}],
    "answer": "It dep",
    "weather": None,
    "done": True,
}


def test_a_document_as_a_tree_that_fills_in() -> None:
    growth = Growth()
    problems = {"/weather": Problem(title="No weather")}
    growth.take((OPEN, ["/user/friends", "/posts", "/posts/1/n", "/answer"], problems))
    assert drawn(growth) == [
        "document",
        "├── user",
        "│   ├── name  Ada",
        "│   └── friends  ⋯",
        "├── posts  2",
        "│   ├── 0  id 1 · n 2",
        "│   ├── 1",
        "│   │   ├── id  2",
        "│   │   └── n  ⋯",
        "│   └── ⋯ more to come",
        "├── answer  It dep▌",
        "├── weather  ✗ No weather",
        "└── done  true",
    ]


@pytest.mark.parametrize("height", range(6, 16))
def test_what_is_below_a_long_part_is_not_pushed_off_the_screen(height: int) -> None:
    growth = Growth()
    growth.take(({"rows": list(range(1000)), "deep": {"a": {"b": {"c": [1]}}}, "last": 1}, ["/rows"], {}))
    shown = drawn(growth, height)
    assert len(shown) <= height
    assert shown[-1] == "└── last  1"
    assert any(line.startswith("├── deep") for line in shown)


def test_a_long_list_shows_its_beginning_and_its_end() -> None:
    growth = Growth()
    growth.take((list(range(1000)), [], {}))
    assert drawn(growth, 30)[1:6] == ["├── 0  0", "├── 1  1", "├── 2  2", "├── … 987 more", "├── 990  990"]
    assert drawn(growth, 30)[-1] == "└── 999  999"


def test_the_last_lines_of_a_text() -> None:
    tail = TextTail()
    for piece in ("one\ntw", "o\nthree\nfo", "ur"):
        tail.take((None, piece))
    assert drawn(tail, 2) == ["three", "four"]


def test_a_line_without_end_is_kept_as_far_as_it_can_be_seen() -> None:
    tail = TextTail()
    for _ in range(1000):
        tail.take((None, "x" * 1000))
    tail.take((None, "y\n" + "z" * 10_000 + "\nlast"))
    lines = tail.draw(3).plain.split("\n")
    assert [line[:2] for line in lines] == ["xx", "zz", "la"]
    assert max(map(len, lines)) < 5000


@pytest.mark.parametrize("size", [1, 16, 20, 9000])
def test_the_last_bytes(size: int) -> None:
    tail = BytesTail()
    data = bytes(number % 256 for number in range(size))
    for start in range(0, size, 7):
        tail.take((None, data[start : start + 7]))
    shown = drawn(tail, 3, 100)
    offset, *values = shown[-1].split()
    first = (size - 1) // 16 * 16
    assert int(offset, 16) == first
    assert values[0] == f"{first % 256:02x}"
    assert len(shown) == min(3, -(-size // 16))


def test_the_rate_is_that_of_the_last_seconds() -> None:
    now = [0.0]
    counter = Counter(lambda: now[0])
    for second in range(60):
        now[0] = float(second)
        counter.add(100 if second < 30 else 10)
    assert counter.count == 3300
    assert counter.rate == pytest.approx(12, abs=2.1)
    assert (
        "connected · 3,300 items · 12/s · 59 s · last id 7"
        in headline("http://x", "connected", counter, "item", "7").plain
    )
    now[0] = 90.0
    assert counter.rate == 0


PLAIN: dict[str, tuple[Callable[[Asked], None], int, str]] = {
    "lines": (body(b'{"a":1}\n2\n', LINES), 0, '{"a":1}\n2\n'),
    "events": (body(b"data: x\n\nevent: end\nid: ~end\ndata: {}\n\n", EVENTS), 0, '"x"\n'),
    "text": (body(b"[b]one\ntwo", {"Content-Type": "text/plain"}), 0, "[b]one\ntwo"),
    "bytes": (body(b"one", {"Content-Type": "image/png"}), 0, "one"),
    "a document": (
        body(GROWING + b'{"done":4}\n', DOCUMENT),
        0,
        "document\n├── user  Ada\n└── posts  1\n    └── 0  1\n",
    ),
    "a part that fails": (body(PARTS, DOCUMENT), 3, "document\n└── user  ✗ No user\n"),
    "cut": (body(b"[1,2", {"Content-Type": "application/json"}), 4, "1\n"),
    "refused": (body(b"no", LINES, "404 Not Found"), 3, ""),
}


@pytest.mark.parametrize("name", PLAIN)
def test_where_nobody_sees_it_repaint_it_prints(name: str) -> None:
    answer, code, expected = PLAIN[name]
    with scripted(answer) as server:
        ran = invoke("watch", server.url)
    assert (ran.code, ran.out) == (code, expected), ran.err
    assert ran.err.startswith("tailrace: ") == bool(code)


def test_nobody_there_is_told_at_once() -> None:
    with scripted() as server:
        pass
    ran = invoke("watch", server.url)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith(f"tailrace: cannot connect to {server.url}: ")
    assert ran.err.count("\n") == 1


def in_terminal(*words: str, until: str | None = None) -> tuple[int, str]:
    """The program in a terminal of its own; it gets a Ctrl-C once it has shown `until`."""
    control, terminal = pty.openpty()
    env = {**environment(), "TERM": "xterm-256color", "LINES": "24"}
    with subprocess.Popen(
        command(*words), stdin=terminal, stdout=terminal, stderr=terminal, env=env
    ) as process:
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # Linux says so where the other end is closed
            while piece := os.read(control, 65536):
                shown += piece
                if until is not None and until.encode() in shown:
                    process.send_signal(signal.SIGINT)
                    until = None
        os.close(control)
        code = process.wait(WITHIN)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "Traceback" not in text
    return code, text


def test_in_a_terminal_it_repaints_until_ctrl_c() -> None:
    leaves = threading.Event()

    def endless(asked: Asked) -> None:
        asked.answer("200 OK", EVENTS, b'id: 41\ndata: {"load": 1.5}\n\n')
        leaves.wait(WITHIN)

    with scripted(endless) as server:
        code, shown = in_terminal("watch", server.url, until="last id 41")
        leaves.set()
    assert code == 130
    assert "connected · 1 item ·" in shown
    last = shown[shown.rindex("stopped") :]
    assert re.search(r"41 +1\.5", last)


def test_in_a_terminal_a_document_ends_as_it_is() -> None:
    with scripted(body(GROWING + b'{"done":4}\n', DOCUMENT)) as server:
        code, shown = in_terminal("watch", server.url)
    assert code == 0
    assert "└── posts  1" in shown[shown.rindex("complete") :]


def test_a_lost_connection_is_shown_and_found_again() -> None:
    def cut(asked: Asked) -> None:
        asked.answer("200 OK", EVENTS, b"retry: 300\nid: 1\ndata: 1\n\n")
        asked.reset()

    end = b"id: 2\ndata: 2\n\nevent: end\nid: ~end\ndata: {}\n\n"
    with scripted(cut, body(end, EVENTS)) as server:
        code, shown = in_terminal("watch", server.url)
    assert code == 0
    assert "again in 0." in shown
    assert "complete · 2 items" in shown
