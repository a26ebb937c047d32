"""The dashboard: a document that is there at once and fills in, as bytes and as its page shows them."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import expect

from tailrace import Problem, Progressive
from tests.demo.conftest import COMMITS
from tests.demo.running import PACKAGES, Demo, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Response

PARTS = {"host", "disks", "git", "processes", "imports", "packages", "report"}
WITHIN = 20_000  # milliseconds
# Every change of a card's state, with the number of skeleton lines that the other board has at that moment.
WATCH = """
window.seen = [];
window.errors = [];
addEventListener("error", ({ message }) => errors.push(message));
addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason)));
new MutationObserver((changes) => changes.forEach(({ target: { parentElement, dataset, ariaBusy } }) => {
  const bones = document.querySelectorAll("#plain-board .bone").length;
  if (dataset.part) seen.push({ ...dataset, board: parentElement.id, busy: ariaBusy, bones });
})).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
"""


def test_it_is_there_at_once_and_fills_in(demo: Demo) -> None:
    headers = {"Accept": "application/x-progressive-json;v=2"}
    with requests.get(demo.url("/dashboard"), headers=headers, stream=True, timeout=20) as response:
        chunks = list(response.iter_content(None))
    shell = json.loads(chunks[0].splitlines()[0])
    assert shell["v"] == 2
    assert set(shell["set"]) - {"asked"} == PARTS
    # The others may be so quick that they are in it.
    assert {"processes", "imports"} <= set(shell["meta"])
    assert shell["set"]["processes"] is shell["set"]["imports"] is None
    assert b'"done"' not in chunks[0]

    document, problems = read(b"".join(chunks))
    assert problems == {}
    assert set(document) - {"asked"} == PARTS
    assert document["git"]["commits"] == COMMITS
    assert "psutil" in {one["name"] for one in document["packages"] if one["bytes"] > 0}
    assert "fastapi" in {one["module"].split(".")[0] for one in document["imports"]["slowest"]}
    assert "All in all: " in document["report"]


def read(body: bytes) -> tuple[Any, dict[str, Problem]]:
    decoder = Progressive().decoder()
    decoder.feed(body)
    decoder.finish()
    return decoder.document.value, decoder.problems


def shape(value: Any) -> Any:
    """What a value is made of, whatever was measured."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return {json.dumps(shape(element), sort_keys=True) for element in value}
    return "number" if type(value) in {int, float} else type(value).__name__


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo in a copy without history."""
    with serving(
        tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("no-repository"), PACKAGES[:1]
    ) as running:
        yield running


def test_the_page_fills_in_and_says_what_is_missing(browser: Browser, bare: Demo) -> None:
    page = browser.new_page(reduced_motion="reduce")
    page.set_default_timeout(WITHIN)
    expect.set_options(timeout=WITHIN)
    page.add_init_script(WATCH)
    with page.expect_response(is_plain) as waiting:
        page.goto(bare.url("/dashboard/page"))
    for side in ("progressive", "plain"):
        # To wait like this looks at every frame; `expect` looks once a second in the end.
        page.locator(f"#{side}-board [data-state=there]").nth(len(PARTS) - 2).wait_for(state="attached")
        git = page.locator(f"#{side}-board [data-part=git]")
        expect(git).to_have_attribute("data-state", "failed")
        expect(git).to_contain_text("No history here: This copy of the project is no git repository")
        expect(page.locator(f"#{side}-head .state")).to_contain_text("failed: Git history")
        expect(page.locator(f"#{side}-board [data-part=host]")).to_contain_text("CPython")
        expect(page.locator(f"#{side}-board [data-part=report]")).to_contain_text("All in all: ")
    fills_in(page.evaluate("seen"))
    raw = page.locator("#raw", has_text='{"done":')
    agree((raw.text_content() or "").encode(), waiting.value)
    is_cut(page, bare)
    assert page.evaluate("errors") == []
    page.close()


def is_plain(response: Response) -> bool:
    return response.headers.get("content-type") == "application/json" and response.url.endswith("/dashboard")


def agree(body: bytes, plain: Response) -> None:
    """What has filled in is what plain JSON is, in its shape, and so are the problems."""
    document, problems = read(body)
    whole = plain.json()
    assert plain.headers["content-length"] == str(len(plain.body()))
    said = [{"pointer": pointer, **problem.members()} for pointer, problem in problems.items()]
    assert said == whole.pop("problems")
    assert [(problem["pointer"], problem["status"]) for problem in said] == [("/git", 404)]
    assert shape(document) == shape(whole)
    assert {one["name"] for one in document["packages"]} == {one["name"] for one in whole["packages"]}


def fills_in(seen: list[dict[str, Any]]) -> None:
    """Each card was a skeleton first; one side has its cards one by one while the other one waits for all."""
    states: dict[tuple[str, str], list[str]] = {}
    for change in seen:
        states.setdefault((change["board"], change["part"]), []).append(change["state"])
    ways = {card: [state for state, _ in groupby(all_of_it)] for card, all_of_it in states.items()}
    assert len(ways) == 2 * len(PARTS)
    for (_, part), way in ways.items():
        assert way[0] == "waiting"
        assert way[1:] in ([["failed"]] if part == "git" else [["there"], ["filling", "there"]])
    assert ways["progressive-board", "report"] == ["waiting", "filling", "there"]

    settled = [change for change in seen if change["state"] in {"there", "failed"}]
    assert all(change["busy"] == "false" for change in settled)
    assert {change["bones"] for change in settled if change["board"] == "plain-board"} == {0}
    early = {change["part"] for change in settled if change["bones"]}
    assert {"disks", "host", "git"} <= early


def is_cut(page: Page, demo: Demo) -> None:
    """A server that is gone is no end."""
    page.get_by_role("button", name="Start both again").click()
    page.locator("#progressive-board [data-state=there]").first.wait_for(state="attached")
    demo.process.kill()
    page.locator("#progressive-head .state", has_text="Cut off with").wait_for()
    page.locator("#plain-head .state", has_text="The server does not answer.").wait_for()
    missing = page.locator("#progressive-board [data-part=processes]")
    expect(missing).to_have_attribute("data-state", "missing")
    expect(missing).to_contain_text("The stream was cut before this had come.")
