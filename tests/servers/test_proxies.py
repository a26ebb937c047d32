"""Through real proxies: no failure looks complete."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.environment import CACHE

from .checks import NDJSON
from .harness import SERVERS, running
from .proxies import proxies
from .survey import AT_FIRST, FORMATS, POINTS, STACKS, WAYS, Key, Seen, Survey, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.programs import Program

    from .survey import Answers

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
TABLE = "<!-- the table: written by tests/servers/test_proxies.py -->\n"
NAMES = ("nginx", "nginx-debian")
BOTH = list(itertools.product(SERVERS, STACKS))


@pytest.fixture(scope="module")
def survey(nginxes: list[Program], tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return Survey(nginxes, tmp_path_factory.mktemp("survey"))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("name", "stack"), BOTH)
def test_no_failure_looks_complete(survey: Survey, name: str, stack: str, kind: str) -> None:
    """Promise 1, faults 7 and 8: through each proxy, wherever it fails."""
    answers = {key: seen for key, seen in survey.behind(name, stack).items() if key.kind == kind}
    assert {key.way for key in answers} == set(WAYS)
    for key, answer in answers.items():
        assert answer.ending != "open", key
        if key.point == AT_FIRST:
            assert answer.status == 500, key
        else:
            assert (answer.status, answer.refused) == (200, True), (key, answer)


def test_what_is_written_by_hand_looks_complete(nginx: Program, tmp_path: Path) -> None:
    """The control: a StreamingResponse that failed, behind the middleware and behind nginx."""
    with (
        running("uvicorn", middleware=True, app="peers", logs=tmp_path) as server,
        proxies(nginx, server.port, tmp_path) as ports,
    ):
        for port in ports.values():
            answer = ask(port, "/starlette/failing_later?run=control", NDJSON)
            assert answer == Seen(200, refused=False, ending="complete")


def table(seen: Answers) -> Iterator[str]:
    for kind in FORMATS:
        yield f"\n### {kind}\n\n| | {' | '.join(WAYS)} |\n|---|{'---|' * len(WAYS)}\n"
        for name, stack in BOTH:
            cells = [_cell(seen, Key(name, stack, way, "", kind, "")) for way in WAYS]
            label = name if stack == "bare" else f"{name}, {stack}"
            yield f"| {label} | {' | '.join(cells)} |\n"


def _cell(seen: Answers, wanted: Key) -> str:
    """What was seen at each point; once, where it was the same at all of them and through each nginx."""
    rows = {
        nginx: [str(seen[wanted._replace(nginx=nginx, point=point)]) for point in POINTS]
        for nginx in dict.fromkeys(key.nginx for key in seen if key.way == wanted.way)
    }
    texts = {nginx: " / ".join(dict.fromkeys(row)) for nginx, row in rows.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{nginx}: {text}" for nginx, text in texts.items())


def test_the_page_says_what_was_seen(survey: Survey) -> None:
    """The table in docs/reliability.md is that of this run; where it is not, it lies beside the tests' results."""
    seen = {key: answer for name, stack in BOTH for key, answer in survey.behind(name, stack).items()}
    if {key.nginx for key in seen} != {"", *NAMES}:
        pytest.skip("the page is about each nginx, and this run has not had them all")
    text = PAGE.read_text(encoding="utf-8")
    head = text.partition(TABLE)[0]
    wanted = head + TABLE + "".join(table(seen))
    if text != wanted:
        seen_now = CACHE / PAGE.name
        seen_now.write_text(wanted, encoding="utf-8")
        pytest.fail(f"{PAGE.name} says something else than {seen_now}: if what has changed is right, copy it")
