"""run.py, and what it finds out about the machine before there is an environment."""

from __future__ import annotations

import ast
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.gate.commands import ROOT, check, run
from tools import pythons, results, settings
from tools.commands import BENCHMARKS
from tools.say import Stop

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = sorted((ROOT / "tools").glob("*.py"))


def test_the_first_file_parses_on_pythons_that_are_too_old() -> None:
    # They have to be told so. Below 3.7 the parser knows neither f-strings nor annotations of variables.
    ast.parse((ROOT / "run.py").read_text(encoding="ascii"), feature_version=(3, 4))


@pytest.mark.parametrize("path", TOOLS, ids=lambda path: path.name)
def test_what_runs_first_parses_on_python_3_8(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_what_runs_first_needs_the_standard_library_only() -> None:
    imported = {
        name.partition(".")[0]
        for path in [ROOT / "run.py", *TOOLS]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    }
    assert imported - set(sys.stdlib_module_names) == {"tools"}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help"], ["demo", "test", "bench"]),
        (["demo", "--help"], ["--host", "--port", "--python"]),
        (["test", "--help"], ["--fast", "pytest"]),
        (["bench", "--help"], ["bulk", "live"]),
    ],
)
def test_help_needs_no_environment(arguments: list[str], said: list[str]) -> None:
    text = check(sys.executable, "-S", "run.py", *arguments)
    assert [word for word in said if word not in text] == []


@pytest.mark.parametrize(
    "arguments", [["serve"], ["demo", "--nope"], ["setup", "nope"], ["bench", "nope"]], ids=" ".join
)
def test_what_is_unknown_is_refused_before_anything_is_set_up(arguments: list[str]) -> None:
    done = run(sys.executable, "-S", "run.py", *arguments)
    assert done.returncode == 2
    assert arguments[-1] in done.stdout
    assert "setting up" not in done.stdout


def test_the_benchmarks_start() -> None:
    """As far as their imports from the library: they are measured by hand."""
    assert [name for name in BENCHMARKS if name not in check(sys.executable, "-m", "bench", "--help")] == []


@pytest.mark.skipif(os.name == "nt", reason="needs a shell script in place of a Python")
def test_a_python_that_is_too_old_is_refused_by_name(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nprintf '3.9\\ncpython\\n0\\n/usr/bin/python3.9\\n'\n", encoding="utf-8")
    old.chmod(0o755)
    with pytest.raises(Stop, match=r"cpython 3\.9: CPython 3\.11 or later"):
        pythons.find(str(old), tmp_path)


def test_without_a_python_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "_candidates", lambda *_: iter([tmp_path / "python3"]))
    with pytest.raises(Stop, match="sudo apt install python3"):
        pythons.find(None, tmp_path)


def test_this_python_is_found(tmp_path: Path) -> None:
    found = pythons.find(None, tmp_path)
    assert check(found, "-c", "import sys; print(sys.version_info >= (3, 11))").strip() == "True"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine where nobody has told pip or uv anything; its home."""
    for name in os.environ:
        if name.startswith(("PIP_", "UV_", "SSL_", "XDG_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "xdg"))
    monkeypatch.setattr(settings, "MACHINE", str(tmp_path / "etc"))
    monkeypatch.setattr(settings, "_system_has_certificates", lambda: False)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_nobody_said_anything(machine: Path) -> None:
    del machine
    assert settings.for_uv() == ({}, False)


def test_how_to_get_through_is_taken_over_from_pip(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        machine / "etc/pip.conf",
        "[global]\ncert = /machine.pem\ntimeout = 5\nextra-index-url = file:///more\n",
    )
    write(machine / ".config/pip/pip.conf", "[install]\ntimeout = 60\nproxy = http://proxy:3128\n")
    monkeypatch.setenv("PIP_TIMEOUT", "90")
    assert settings.for_uv() == (
        {"SSL_CERT_FILE": "/machine.pem", "UV_HTTP_TIMEOUT": "90", "HTTPS_PROXY": "http://proxy:3128"},
        False,  # PyPI is still where the packages are
    )


def test_what_uv_was_told_stands(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(machine / "etc/pip.conf", "[global]\ncert = /machine.pem\n")
    monkeypatch.setenv("SSL_CERT_FILE", "/mine.pem")
    assert settings.for_uv() == ({}, False)


def test_pips_own_index_takes_pypis_place(machine: Path) -> None:
    write(
        machine / ".pip/pip.conf",
        "[global]\nindex-url = https://mirror/simple\nextra-index-url =\n  file:///a\n  file:///b\n",
    )
    changes, elsewhere = settings.for_uv()
    assert elsewhere
    assert changes["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert changes["UV_INDEX"] == "file:///a file:///b"


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ('[[index]]\nurl = "https://mirror/simple"\ndefault = true\n', True),
        ('index-url = "https://mirror/simple"\n', True),
        ('[pip]\nuser-agent = "x"\nnative-tls = true\n', False),
    ],
)
def test_uvs_own_file_is_read(machine: Path, text: str, elsewhere: bool) -> None:  # noqa: FBT001 - a row of a table
    write(machine / ".config/uv/uv.toml", text)
    assert settings.for_uv() == ({}, elsewhere)


def test_pips_files_can_be_turned_off(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(machine / "etc/pip.conf", "[global]\ncert = /machine.pem\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert settings.for_uv() == ({}, False)


XML = '<testsuites><testsuite tests="{}" failures="{}" errors="{}" skipped="{}"/></testsuites>'


@pytest.mark.parametrize(
    ("report", "exit_code", "expected"),
    [
        (XML.format(10, 0, 0, 0), 0, "10 passed, 0 failed"),
        (XML.format(10, 2, 1, 3), 1, "4 passed, 3 failed"),
        (XML.format(10, 0, 0, 0), 2, "10 passed, 1 failed"),  # interrupted, or the plugins' own failure
        (XML.format(0, 0, 0, 0), 5, "0 passed, 1 failed"),  # nothing found to run
        ("<testsuites", 0, "0 passed, 1 failed"),
        (None, 0, "0 passed, 1 failed"),  # the run died before it could report
    ],
)
def test_the_last_line(report: str | None, exit_code: int, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "results.xml"
    if report is not None:
        write(path, report)
    assert results.line(*results.count(path, exit_code)) == expected
