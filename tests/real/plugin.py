"""pytest's side: `--without`, a fixture for each program, and the table at the end."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tools.commands import PROGRAMS

from . import chromium, known, postgresql, processes, programs, valkey
from .nginx import find, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from .programs import Program


FETCHED = {
    **{name: ({"nginx", "nginxes"}, partial(find, name)) for name in names()},
    "chromium": ({"browser"}, chromium.find),
    "curl": ({"curl"}, programs.curl),
}
"""The programs that may not be there yet: the fixtures that need each, and how it is had."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        choices=PROGRAMS,
        help="leave out the tests that need this program: " + ", ".join(PROGRAMS),
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = [*known.table(), *(f"{name}: left out by --without" for name in config.getoption("without"))]
    if lines:
        terminalreporter.section("programs beside the tests")
        terminalreporter.write_line("\n".join(lines))


def pytest_unconfigure() -> None:
    processes.dismiss()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What has to be fetched is fetched before a test's time runs, and is not captured: it says what it does."""
    needed = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    without = session.config.getoption("without")
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for name, (fixtures, find) in FETCHED.items():
            if needed & fixtures and name not in without:
                with contextlib.suppress(known.Missing):  # the tests that need it will say so
                    find()


def left_out(request: pytest.FixtureRequest, name: str) -> bool:
    return name in request.config.getoption("without")


def skip_without(request: pytest.FixtureRequest, name: str) -> None:
    if left_out(request, name):
        pytest.skip(f"--without {name}")


@pytest.fixture(scope="session", params=names())
def nginx(request: pytest.FixtureRequest) -> Program:
    """A new nginx, then the distribution's, which is older; or the one that `NGINX` names."""
    skip_without(request, request.param)
    return find(request.param)


@pytest.fixture(scope="session")
def nginxes(request: pytest.FixtureRequest) -> list[Program]:
    """All of them, for what they are compared in."""
    found = [find(name) for name in names() if not left_out(request, name)]
    return found or pytest.skip("--without any nginx")


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey, or `REDIS_URL`."""
    skip_without(request, "valkey")
    with valkey.running(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a PostgreSQL, or `DATABASE_URL`."""
    skip_without(request, "postgresql")
    with postgresql.running() as url:
        yield url


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, or what `CHROME` names. For a module: while it runs, asyncio runs nothing else in this thread."""
    skip_without(request, "chromium")
    with chromium.running(chromium.find()) as started:
        yield started


@pytest.fixture(scope="session")
def curl(request: pytest.FixtureRequest) -> Program:
    skip_without(request, "curl")
    found = programs.curl()
    known.started(found.name, found.version("--version"), found.source)
    return found
