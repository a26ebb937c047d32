"""Find a CPython that the library can run on. None is ever downloaded."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Iterator, Tuple

from tools.say import Stop, ask, home_folder

MINIMUM = (3, 11)
PREFERRED = ("python3.13", "python3.14", "python3.12", "python3.11")

# The base executable: an environment made from another environment would end with that one.
PROBE = """\
import sys, sysconfig
free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED") or 0
base = getattr(sys, "_base_executable", None) or sys.executable
version = "{}.{}".format(*sys.version_info)
print(version, sys.implementation.name, free_threaded, base, sep="\\n")
"""

MISSING = """\
no {wanted} was found (this one is {current}).
  Debian 12, Ubuntu 24.04 or later:  sudo apt install python3
  Ubuntu 22.04:                      sudo apt install python3.11
  Fedora, RHEL:                      sudo dnf install python3.12
  macOS:                             brew install python@3.13
  with pyenv, or with uv:            pyenv install 3.13   |   uv python install 3.13
Then start this command again; it finds the new one by itself. A Python in an unusual place: --python PATH."""


def find(requested: str | None, environment: Path) -> str:
    """The interpreter to use: the requested one, the one `environment` was made from, this one, or any other."""
    version = requested if requested and re.fullmatch(r"3\.\d+", requested) else None
    if requested and not version:
        return _at(requested)
    # A version is looked for everywhere; without one, the first that fits is taken.
    for candidate in dict.fromkeys(str(place) for place in _candidates(environment, version)):
        found = _probe(candidate)
        if found is not None and _fits(found) and version in (None, found[0]):
            return found[-1]
    raise Stop(
        MISSING.format(
            wanted=f"Python {version}" if version else "Python {}.{} or later".format(*MINIMUM),
            current="{}.{}".format(*sys.version_info[:2]),
        )
    )


def _at(path: str) -> str:
    found = _probe(shutil.which(path) or path)
    if found is None:
        msg = f"--python {path}: there is no Python that can be started there"
        raise Stop(msg)
    if not _fits(found):
        needed = "CPython {}.{} or later, not free-threaded".format(*MINIMUM)
        msg = f"--python {path} is {found[1]} {found[0]}: {needed} is needed"
        raise Stop(msg)
    return found[-1]


Found = Tuple[str, str, str, str]  # version, implementation, free-threaded, base executable


def _probe(path: str) -> Found | None:
    # pyenv's shims are on PATH for versions that are not chosen; they fail here, as they should.
    answer = ask([path, "-c", PROBE], timeout=20)
    try:
        version, implementation, free_threaded, base = (answer or "").splitlines()
    except ValueError:
        return None
    return version, implementation, free_threaded, base


def _fits(found: Found) -> bool:
    version, implementation, free_threaded, _ = found
    numbers = tuple(int(part) for part in version.split("."))
    return numbers >= MINIMUM and implementation == "cpython" and free_threaded == "0"


def _candidates(environment: Path, version: str | None) -> Iterator[str | Path]:
    yield inside(environment, "python")
    if sys.executable:
        yield sys.executable
    for name in (*([f"python{version}"] if version else PREFERRED), "python3", "python"):
        found = shutil.which(name)
        if found:
            yield found
    home = home_folder()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python")
    for folder in (pyenv / "versions", managed):
        for place in sorted(folder.glob("*3.*"), reverse=True):
            yield place / ("python.exe" if os.name == "nt" else "bin/python3")
    for folder in (Path("/usr/bin"), Path("/usr/local/bin"), Path("/opt/homebrew/bin")):
        for name in PREFERRED:
            yield folder / name


def inside(environment: Path, program: str) -> Path:
    """Where `program` is in a virtual environment."""
    return (
        environment
        / ("Scripts" if os.name == "nt" else "bin")
        / (program + (".exe" if os.name == "nt" else ""))
    )
