"""The program as a whole: how it starts, what it says of itself, and the demo."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from importlib import metadata

import pytest

from tailrace.cli.__main__ import main
from tailrace.cli.ends import Code
from tests.cli.scripted import WITHIN, command, environment, invoke
from tests.gate.commands import ROOT

COMMANDS = ("watch", "get", "download", "doctor", "demo")
PAGE = ROOT / "docs" / "terminal.md"


@pytest.mark.parametrize("missing", ["typer", "rich", "httpx2"])
def test_without_the_extra_it_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert f"{missing} not installed" in (said := capsys.readouterr().err)
    assert 'pip install "tailrace[cli]"' in said


def test_it_starts_without_them_in_order_to_say_so() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('typer', 'rich', 'httpx2')))\n"
        "from tailrace.cli.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "typer, rich, httpx2 not installed" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_help_with_examples(name: str) -> None:
    ran = invoke(name, "--help")
    assert ran.code == 0
    text = re.sub(r"\s+", " ", ran.out)
    assert "Examples" in text
    assert f"tailrace {name}" in text.partition("Examples")[2]


def test_the_program_says_what_there_is() -> None:
    ran = invoke("--help")
    assert ran.code == 0
    assert all(re.search(rf"│ {name} ", ran.out) for name in COMMANDS)
    assert "Exit codes: 0 complete" in ran.out
    assert "\x1b" not in ran.out
    assert invoke("--version").out == f"tailrace {metadata.version('tailrace')}\n"


@pytest.mark.parametrize(
    "words", [["fetch"], ["get"], ["get", "--limit", "0", "http://x"], ["download", "--no"]]
)
def test_what_is_no_command_is_usage(words: list[str]) -> None:
    assert invoke(*words).code == Code.USAGE


def test_the_page_has_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(row) for row in rows] == sorted(Code)


def test_the_page_has_every_command_and_option() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"tailrace {name}" in text
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", invoke(name, "--help").out)) - {"--help"}
        assert {option for option in options if option not in text} == set()


def test_the_demo_can_be_read_and_ends_at_ctrl_c() -> None:
    words = command("demo", "--port", "0", "--quiet")
    with subprocess.Popen(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            events = invoke("get", f"{url}/events", "-n", "2", "--events", "--last-event-id", "6")
            changes = invoke("get", f"{url}/document", "-n", "1", "--changes")
            rows = invoke("get", f"{url}/rows.csv", "-n", "1")
            lost = invoke("get", f"{url}/nothing")
        finally:
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=WITHIN)
    assert (process.returncode, said) == (0, "")
    assert [json.loads(line)["id"] for line in events.out.splitlines()] == ["7", "8"]
    assert json.loads(changes.out)["value"]["user"] is None
    assert json.loads(rows.out) == {"id": "1", "customer": "Bo", "total": "1.5"}
    assert lost.code == Code.FAILED


def test_the_demo_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = invoke("demo")
    assert (ran.code, "pip install uvicorn" in ran.err) == (2, True)
