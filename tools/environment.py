"""The environment in .venv, exactly as uv.lock has it, and a stamp that says so: a second start asks nobody."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Iterable, NamedTuple, Sequence

from tools import pythons, settings, uv
from tools.say import Stop, ask, call, child_environment, progress

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / ".run-stamp.json"
CACHE = ROOT / ".cache"

FAILED = """\
the environment in .venv could not be set up; uv's own message is above.
  - If it could not reach the package index: check the network. HTTPS_PROXY, SSL_CERT_FILE, UV_DEFAULT_INDEX and pip's
    own settings (PIP_INDEX_URL, PIP_CERT, pip.conf) are respected.
  - If it says that the lock file needs to be updated: run `uv lock`.
  - If .venv itself is broken: delete it and start again."""


class _Stamp(NamedTuple):
    key: str
    groups: frozenset[str]
    interpreter: str
    python: str | None  # as the user asked for it


def prepare(groups: Iterable[str], python: str | None = None) -> Path:
    """Have the dependency `groups` in .venv, and return its Python."""
    key = _key()
    wanted = frozenset(groups)
    stamp = _stamp()
    program = pythons.inside(VENV, "python")
    current = stamp.key == key and program.exists()
    if current and wanted <= stamp.groups and python in (None, stamp.python):
        return program
    if not os.access(ROOT, os.W_OK):
        msg = f"{ROOT} is not writable by this user, and .venv has to go there: copy the project and start the copy"
        raise Stop(msg)
    interpreter = pythons.find(python, VENV)
    if current and os.path.realpath(interpreter) == os.path.realpath(stamp.interpreter):
        wanted |= stamp.groups  # `demo` after `test` takes nothing away that the next `test` needs
    _sync(sorted(wanted), interpreter)
    made = {"key": key, "groups": sorted(wanted), "interpreter": interpreter, "python": python}
    STAMP.write_text(json.dumps(made), encoding="utf-8")
    return program


def _key() -> str:
    # The place is part of it: an environment that was moved or copied still points to where it was.
    digest = hashlib.sha256(str(ROOT).encode("utf-8", "surrogateescape"))
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _stamp() -> _Stamp:
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
        return _Stamp(found["key"], frozenset(found["groups"]), found["interpreter"], found["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return _Stamp("", frozenset(), "", None)


def _sync(groups: Sequence[str], interpreter: str) -> None:
    command = uv.find(interpreter, CACHE)
    progress(f"setting up .venv with {interpreter} ({', '.join(groups)}); the first time takes a while")
    changes, elsewhere = settings.for_uv()
    env = child_environment({**changes, "UV_PROJECT_ENVIRONMENT": str(VENV), "UV_PYTHON_DOWNLOADS": "never"})
    if not _writable_home(command, env):
        env["UV_CACHE_DIR"] = str(CACHE / "uv-cache")
    STAMP.unlink() if STAMP.exists() else None
    chosen = ["--no-default-groups", *(word for group in groups for word in ("--group", group))]
    steps = (
        _from_elsewhere(chosen, interpreter)
        if elsewhere
        else [["sync", "--locked", *chosen, "--python", interpreter]]
    )
    for step in steps:
        if call([*command, "--project", str(ROOT), *step], env) != 0:
            raise Stop(FAILED)


def _from_elsewhere(chosen: Sequence[str], interpreter: str) -> list[list[str]]:
    # The lock names PyPI, and uv refuses it whole for another index. Its versions and hashes hold there too.
    requirements = str(CACHE / "requirements.txt")
    CACHE.mkdir(exist_ok=True)
    place = ["--python", str(VENV)]
    return [
        ["export", "--quiet", "--frozen", *chosen, "--no-emit-project", "--output-file", requirements],
        ["venv", "--quiet", "--allow-existing", "--python", interpreter, str(VENV)],
        ["pip", "sync", *place, "--require-hashes", requirements],
        ["pip", "install", "--quiet", *place, "--no-deps", "--editable", str(ROOT)],
    ]


def _writable_home(command: Sequence[str], env: dict[str, str]) -> bool:
    """Whether uv can write its cache where it wants to: a service user's home often does not exist."""
    place = ask([*command, "cache", "dir"], env)
    if not place:
        return False
    folder = Path(place)
    while not folder.exists():
        folder = folder.parent
    return os.access(str(folder), os.W_OK)
