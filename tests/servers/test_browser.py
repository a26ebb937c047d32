"""A real Chromium: what a page sees of a stream, with nothing but what browsers have."""

from __future__ import annotations

import csv
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from .checks import CSV, JSON, NDJSON, parsed
from .harness import SERVERS, Server, running
from .proxies import proxies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Download, Page

    from tests.real.programs import Program

WITHIN = 20_000  # milliseconds

EVENTS = """
target => new Promise((resolve, reject) => {
  const source = new EventSource(target), seen = [];
  const note = event => seen.push([event.type, event.data]);
  source.onmessage = note;
  source.addEventListener("problem", event => { note(event); source.close(); resolve(seen); });
  source.addEventListener("end", event => { note(event); source.close(); resolve(seen); });
  source.onerror = () => { source.close(); reject(new Error("lost after " + JSON.stringify(seen))); };
})
"""
REOPENED = """
target => {
  window.seen = { opened: 0, items: [], others: [] };
  window.source = new EventSource(target);
  window.source.onopen = () => { seen.opened += 1; };
  window.source.onmessage = event => { seen.items.push(JSON.parse(event.data).n); };
  for (const kind of ["end", "problem"]) window.source.addEventListener(kind, () => seen.others.push(kind));
}
"""
BODY = """
async ([target, accept]) => {
  const response = await fetch(target, { headers: { accept } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const chunks = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { status: response.status, chunks, whole: true };
      chunks.push(value);
    }
  } catch (error) {
    return { status: response.status, chunks, whole: false };
  }
}
"""


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, logs: Path) -> Iterator[Server]:
    with running(request.param, middleware=False, app="ours", logs=logs) as started:
        yield started


@pytest.fixture(scope="module")
def ports(
    server: Server, nginxes: list[Program], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, int]]:
    """The older nginx, which makes more of a difference."""
    with proxies(nginxes[-1], server.port, tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def page(browser: Browser, ports: dict[str, int]) -> Iterator[Page]:
    """A page of the server's own origin."""
    page = browser.new_page(base_url=origin(ports["nginx, default"]))
    page.set_default_timeout(WITHIN)
    page.goto("/probe/ping")
    yield page
    page.close()


def origin(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def test_events(page: Page) -> None:
    """EventSource has every item, and is told that this was the end."""
    seen: list[list[str]] = page.evaluate(EVENTS, "/stream/some?run=browser")
    assert [kind for kind, _ in seen] == ["message"] * 3 + ["end"]
    assert [json.loads(data) for _, data in seen] == [{"n": 0}, {"n": 1}, {"n": 2}, {"count": 3}]


def test_events_that_fail(page: Page) -> None:
    """The items and then the problem, which says nothing of what the server keeps to itself."""
    seen: list[list[str]] = page.evaluate(EVENTS, "/stream/failing?run=browser")
    assert [kind for kind, _ in seen] == ["message"] * 3 + ["problem"]
    assert json.loads(seen[-1][1])["status"] == 500
    assert "secret" not in seen[-1][1]


@pytest.mark.parametrize("more", ["", "&compress=1"])
@pytest.mark.parametrize("accept", [JSON, NDJSON, CSV])
def test_fetch(page: Page, accept: str, more: str) -> None:
    """A good body comes piece by piece and whole, also where the browser has to decompress it."""
    got = body(page, f"/stream/ticks?run=browser{more}", accept)
    assert (got["status"], got["whole"]) == (200, True)
    assert len(got["chunks"]) > 6
    assert len(parsed(accept, "".join(got["chunks"]).encode())) == 12


@pytest.mark.parametrize("accept", [JSON, NDJSON, CSV])
def test_fetch_of_what_fails(page: Page, accept: str) -> None:
    """The items that were made are there; the rest is an error, be it the reader's or the parser's."""
    got = body(page, "/stream/failing?run=browser", accept)
    text = "".join(got["chunks"])
    assert [str(n) in text for n in range(3)] == [True] * 3
    with pytest.raises((ValueError, csv.Error)):
        parsed(accept, text.encode())


def body(page: Page, target: str, accept: str) -> dict[str, Any]:
    return dict(page.evaluate(BODY, [target, accept]))


@pytest.mark.parametrize("name", ["plain.csv", "ünï – 世界 🎉.csv", 'a "quoted" b.csv', "semi;colon=1.csv"])
def test_a_file_has_its_name(page: Page, name: str) -> None:
    """RFC 6266 and 8187 as a browser reads them; a character that no file may have is its own to replace."""
    file = download(page, f"/file?run=browser&name={quote(name)}")
    assert file.suggested_filename == name.replace('"', "_")
    assert Path(file.path()).read_bytes() == b'"n"\r\n0\r\n1\r\n2\r\n'


def test_a_failed_file_is_no_file(page: Page, ports: dict[str, int], server: Server) -> None:
    """What failed does not lie in the folder as if it were whole, where the server can cut it; else it is no CSV."""
    target = origin(ports["nginx, HTTP/1.1"]) + "/file?run=browser&name=a.csv&source_name=failing_later"
    file = download(page, target)
    assert (file.failure() is not None) == server.aborts
    if not server.aborts:
        with pytest.raises(csv.Error):
            parsed(CSV, Path(file.path()).read_bytes())


def download(page: Page, target: str) -> Download:
    with page.expect_download() as waiting:
        page.evaluate("target => { location = target }", target)
    return waiting.value


def test_events_go_on_at_the_next_server(browser: Browser, logs: Path) -> None:
    """Fault 9: a server that is told to stop sends its page away for a while, and the page comes back by itself."""
    with running("uvicorn", middleware=False, app="going", logs=logs) as first:
        page = browser.new_page(base_url=origin(first.port))
        page.set_default_timeout(WITHIN)
        page.goto("/probe/ping")
        page.evaluate(REOPENED, "/endless")
        page.wait_for_function("seen.items.length > 2")
        os.kill(first.process.pid, signal.SIGTERM)
        first.process.wait(10)
        before = page.evaluate("seen.items.length")
        with running("uvicorn", middleware=False, app="going", logs=logs, port=first.port):
            page.wait_for_function(f"seen.opened === 2 && seen.items.length > {before + 2}")
            seen = page.evaluate("(source.close(), seen)")
        page.close()
    assert seen["others"] == []
    assert seen["items"][:3] == [0, 1, 2]
    assert seen["items"][before : before + 3] == [0, 1, 2]  # of the next server, from its own beginning
