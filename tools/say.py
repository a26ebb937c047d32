"""What the person at the terminal is told, and how a child process is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Mapping, NoReturn, Sequence

INTERRUPTED = 130
PATIENCE = 20.0  # seconds a child has after Ctrl-C, which it has received too, to put its servers away


class Stop(Exception):  # not an error in the program
    """Ends the program with a message that says what to do."""


def progress(message: str) -> None:
    """One line on stderr, at once."""
    print(f"run.py: {message}", file=sys.stderr, flush=True)


def keep_output_safe() -> None:
    """No character of a path or a message may end the program on a terminal that is not UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def home_folder() -> Path:
    """The user's home, also where there is none: then it is a folder that does not exist."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises there


def child_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The user's environment without what would make another Python import from the wrong place."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONUTF8": "1", **(changes or {})}


def call(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run `command` with its output shown, and return its exit code. On Ctrl-C it may finish what it has to."""
    with subprocess.Popen(command, env=dict(env)) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            try:
                child.wait(PATIENCE)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                child.kill()
            raise


def ask(command: Sequence[str], env: Mapping[str, str] | None = None, timeout: float = 60) -> str | None:
    """What `command` prints, or None where it cannot be started or fails."""
    try:
        done = subprocess.run(
            command,
            env=dict(env) if env is not None else child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def become(command: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """Go on as `command`: its signals and its exit code are this process's own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execve(command[0], list(command), dict(env))
    sys.exit(call(command, env))
