"""Find uv, or get it from the package index: never from a download page."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Iterator, Mapping, Sequence, Tuple

from tools import debian
from tools.pythons import inside
from tools.say import Stop, ask, call, child_environment, progress

MINIMUM = (0, 9)
REQUIREMENT = "uv>=0.9,<1"

FAILED = """\
uv could not be had. Any one of these is enough:
  - a network connection to the Python package index, or to your own: PIP_INDEX_URL or pip's configuration file is
    respected, and so are HTTPS_PROXY and PIP_CERT (pip's own message, if it got that far, is above);
  - pip or venv for this Python (Debian, Ubuntu: sudo apt install python3-venv);
  - uv {minimum} or later on PATH (pipx install uv, brew install uv)."""


def find(python: str, cache: Path) -> list[str]:
    """The command that runs uv: on PATH, a module of a Python, our own copy, or a new copy of our own."""
    own = cache / "uv"
    candidates = [
        [shutil.which("uv") or "uv"],
        [sys.executable, "-m", "uv"],
        [str(_program(own))],
    ]
    for command in candidates:
        if _version(command) >= MINIMUM:
            return command
    _install(python, own)
    return [str(_program(own))]


def _program(own: Path) -> Path:
    found = shutil.which("uv", path=os.pathsep.join((str(own / "bin"), str(own / "Scripts"))))
    return Path(found) if found else own / "bin" / "uv"


def _version(command: Sequence[str]) -> tuple[int, ...]:
    found = re.match(r"uv (\d+)\.(\d+)", ask([*command, "--version"], timeout=20) or "")
    return tuple(int(part) for part in found.groups()) if found else ()


def _install(python: str, own: Path) -> None:
    own.parent.mkdir(parents=True, exist_ok=True)
    for pip, env in _pips(python, own.parent):
        progress("getting uv from the package index with pip (about 20 MB)")
        # Into a folder beside it first: a download that was cut off is never taken for uv.
        with tempfile.TemporaryDirectory(dir=str(own.parent)) as new:
            target = str(Path(new, "uv"))
            quiet = [] if sys.stderr.isatty() else ["--quiet"]
            command = [
                *pip,
                "install",
                *quiet,
                "--no-deps",
                "--only-binary=:all:",
                "--target",
                target,
                REQUIREMENT,
            ]
            if call(command, env) == 0 and _version([str(_program(Path(target)))]) >= MINIMUM:
                shutil.rmtree(own, ignore_errors=True)
                Path(target).replace(own)
                shutil.rmtree(own.parent / "debian" / debian.PIP, ignore_errors=True)
                return
    raise Stop(FAILED.format(minimum=".".join(map(str, MINIMUM))))


Pip = Tuple[Sequence[str], Mapping[str, str]]


def _pips(python: str, cache: Path) -> Iterator[Pip]:
    """Each pip there is, the cheapest first. A generator: the next is only looked for when the last one failed."""
    # Settings that a --target cannot be combined with; pip says so instead of installing.
    env = child_environment(
        {
            "PIP_USER": "0",
            "PIP_REQUIRE_VIRTUALENV": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }
    )
    had_one = False
    for executable in dict.fromkeys((sys.executable, python)):
        if ask([executable, "-m", "pip", "--version"], env) is not None:
            had_one = True
            yield [executable, "-m", "pip"], env
    if had_one:
        return  # the same index would not answer another pip either
    with tempfile.TemporaryDirectory(dir=str(cache)) as folder:
        if ask([python, "-m", "venv", folder], env) is not None:
            yield [str(inside(Path(folder), "python")), "-m", "pip"], env
            return
    wheels = debian.pip_wheels(cache)
    if wheels:
        yield [python, "-m", "pip"], {**env, "PYTHONPATH": os.pathsep.join(map(str, wheels))}
