"""The shop's page in a real Chromium: the dashboard fills in, and EventSource comes back to where it was in the log."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.examples.shop_server import Shop, opened
from tests.real import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WITHIN = 10_000  # milliseconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def shop(folder: Path) -> Iterator[Shop]:
    with opened("uvicorn", f"sqlite:///{folder}/shop.sqlite3", folder, rows=200) as shop:
        yield shop


@pytest.fixture
def page(browser: Browser, shop: Shop) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1180, "height": 860})
    page.set_default_timeout(WITHIN)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(shop.url)
    yield page
    page.close()
    assert complaints == []


def newest(page: Page) -> str:
    return page.locator("#entries tr").first.inner_text()


def live(page: Page) -> None:
    page.wait_for_function("document.getElementById('audit-state').dataset.state === 'open'")


def test_the_figures_fill_in(page: Page) -> None:
    page.wait_for_function("document.getElementById('dashboard-state').dataset.state === 'complete'")
    assert page.locator("#days li").count() == 14
    assert page.locator("#best li").count() == 6
    assert int(page.locator("#orders").inner_text().replace(",", "")) >= 200
    assert page.locator("#revenue").inner_text().startswith("€")
    assert page.locator("#short li").count() > 0


def test_an_order_is_in_the_log_at_once(page: Page, shop: Shop) -> None:
    live(page)
    page.get_by_label("Product").select_option(index=4)
    page.get_by_label("Quantity").fill("3")
    page.get_by_role("button", name="Order").click()
    page.locator("#entries tr", has_text="3 × Ash desk").wait_for()
    shop.order("from elsewhere", product=2)
    page.locator("#entries tr", has_text="2 × Beech bench").wait_for()
    assert "2 × Beech bench" in newest(page)


def test_what_is_refused_is_said(page: Page) -> None:
    page.get_by_label("Customer").evaluate("input => { input.required = false; input.value = ''; }")
    page.get_by_role("button", name="Order").click()
    page.locator("#refused", has_text="customer").wait_for()


def test_the_log_goes_on_at_the_next_server(page: Page, shop: Shop, folder: Path) -> None:
    """The last: the server dies, an entry is written, another starts. Each entry is there, once, in order."""
    live(page)
    shop.order("before", product=4)
    page.locator("#entries tr", has_text="Cherry bench").wait_for()
    processes.end(shop.process)
    page.wait_for_function("document.getElementById('audit-state').dataset.state === 'lost'")
    file = folder / "shop.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        row = ("stock counted", "{}", "2026-01-01 00:00:00")
        database.execute("insert into shop_entry (action, detail, at) values (?, ?, ?)", row)
    port = httpx2.URL(shop.url).port or 0
    with opened("gunicorn", f"sqlite:///{file}", folder, port=port) as second:
        page.locator("#entries tr", has_text="stock counted").wait_for()
        second.order("after", product=5)
        page.locator("#entries tr", has_text="Elm bench").wait_for()
    ids = page.locator("#entries tr").evaluate_all("rows => rows.map((row) => Number(row.dataset.id))")
    assert ids == list(range(len(ids), 0, -1))
