"""pytest's side: `--without`, a fixture for each program, and the table at the end."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tools.commands import PROGRAMS

from . import chromium, known, postgresql, processes, programs, valkey
from .nginx import find, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from .programs import Program


FINDERS = {
    **{name: ({"nginx", "nginxes"}, partial(find, name)) for name in names()},
    "chromium": ({"browser"}, chromium.find),
    "curl": ({"curl"}, programs.curl),
}
"""The programs that may have to be fetched: the fixtures that need each, and how it is had."""

_had: dict[str, Program | known.Missing] = {}


def skip_without(config: pytest.Config, name: str) -> None:
    if name in config.getoption("without"):
        pytest.skip(f"--without {name}")


def had(config: pytest.Config, name: str) -> Program:
    """One of them, looked for once; skips the test where it was left out."""
    skip_without(config, name)
    if name not in _had:
        try:
            _had[name] = FINDERS[name][1]()
        except known.Missing as missing:
            _had[name] = missing
    found = _had[name]
    if isinstance(found, known.Missing):
        raise found
    return found


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


def pytest_configure(config: pytest.Config) -> None:
    if "RUN_PY" in os.environ:
        processes.end_with_parent()
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        for name in FINDERS:  # before there are several who would fetch the same
            with contextlib.suppress(known.Missing, pytest.skip.Exception):
                had(config, name)


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["programs"] = known.noted()


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist's
def pytest_testnodedown(node: Any) -> None:
    known.take(getattr(node, "workeroutput", {}).get("programs", ()))


def pytest_unconfigure() -> None:
    processes.dismiss()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What has to be fetched is fetched before a test's time runs, and is not captured: it says what it does."""
    if session.config.option.collectonly:
        return
    needed = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        for name, (fixtures, _) in FINDERS.items():
            if needed & fixtures:
                with contextlib.suppress(known.Missing, pytest.skip.Exception):  # the tests will say so
                    had(session.config, name)


@pytest.fixture(scope="session", params=names())
def nginx(request: pytest.FixtureRequest) -> Program:
    """A new nginx, then one as distributions have it, which is older; or the one that `NGINX` names."""
    return had(request.config, request.param)


@pytest.fixture(scope="session")
def nginxes(request: pytest.FixtureRequest) -> list[Program]:
    """All of them, for what they are compared in."""
    chosen = [name for name in names() if name not in request.config.getoption("without")]
    return [had(request.config, name) for name in chosen] or pytest.skip("--without any nginx")


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey, or `REDIS_URL`."""
    skip_without(request.config, "valkey")
    with valkey.running(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a PostgreSQL, or `DATABASE_URL`."""
    skip_without(request.config, "postgresql")
    with postgresql.running() as url:
        yield url


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, or what `CHROME` names. For a module: while it runs, asyncio runs nothing else in this thread."""
    with chromium.running(had(request.config, "chromium")) as started:
        yield started


@pytest.fixture(scope="session")
def curl(request: pytest.FixtureRequest) -> Program:
    found = had(request.config, "curl")
    known.started(found.name, found.version("--version"), found.source)
    return found
