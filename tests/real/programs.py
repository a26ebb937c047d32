"""Programs that are on the machine, and Debian's where they are not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tools import debian
from tools.environment import CACHE

from .known import Missing

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Program:
    """A program that can be started; `more` is what its environment needs beside the run's own."""

    name: str
    path: str
    source: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """All of it."""
        return {**os.environ, **self.more}

    def version(self, option: str) -> str:
        """The first version in what it says of itself."""
        words = [self.path, option]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        found = re.search(r"\d+(?:\.\d+)+", done.stdout + done.stderr)
        if not found:
            raise Missing(self.name, f"{self.path} {option} names no version")
        return found[0]


def given(name: str, variable: str) -> Program | None:
    """The one that a variable of the environment names, if it does."""
    value = os.environ.get(variable)
    if not value:
        return None
    path = shutil.which(value)
    if not path:
        raise Missing(name, f"{variable}={value} is no program")
    return Program(name, str(Path(path).absolute()), variable)


def installed(name: str, candidates: Sequence[str], path: str | None = None) -> Program | None:
    """The first of the candidates that is on the machine."""
    for candidate in candidates:
        found = shutil.which(candidate, path=path)
        if found:
            return Program(name, found, found)
    return None


def of_debian(name: str, package: str, place: str) -> tuple[Program, Path]:
    """The one at `place` in a package of Debian's, and the root that it was unpacked into."""
    root = debian.unpacked(package, CACHE)
    if not root:
        raise Missing(name, f"none is installed, and Debian's {package} cannot be had here")
    folders = {str(file.parent) for file in root.glob("**/lib/**/*.so*")}
    libraries = os.pathsep.join(filter(None, [*sorted(folders), os.environ.get("LD_LIBRARY_PATH")]))
    return Program(name, str(root / place), "Debian, unpacked", {"LD_LIBRARY_PATH": libraries}), root


def curl() -> Program:
    """The one to use; got if there is none."""
    return installed("curl", ["curl"]) or of_debian("curl", "curl", "usr/bin/curl")[0]
