"""pip on a Debian that has neither pip nor venv, for a user who is not root: from Debian's own package of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.say import ask, call, child_environment, progress

PACKAGE = "python3-pip-whl"


def pip_wheels(cache: Path) -> list[Path] | None:
    """The wheels of Debian's pip, unpacked below `cache`; None where this is no Debian, or apt cannot get them."""
    installed = sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))
    if installed:
        return installed
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return None
    folder = cache / "debian"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    package = _download(folder)
    if package is None:
        return None
    if call(["dpkg-deb", "-x", str(package), str(folder / "root")], child_environment()) != 0:
        return None
    return sorted((folder / "root/usr/share/python-wheels").glob("*.whl")) or None


def _download(folder: Path) -> Path | None:
    progress(f"there is neither pip nor venv here: getting pip from Debian's {PACKAGE}")
    # apt downloads into the working directory.
    before = Path.cwd()
    os.chdir(folder)
    try:
        # The lists of the machine, if it has any (a container image has none); else lists of our own.
        if not _apt("download", PACKAGE):
            own = ("-o", f"Dir::State={folder / 'state'}", "-o", f"Dir::Cache={folder / 'cache'}")
            status = ("-o", "Dir::State::status=/var/lib/dpkg/status")
            progress("fetching Debian's package lists (about 10 MB)")
            if not (_apt(*own, *status, "update") and _apt(*own, *status, "download", PACKAGE)):
                return None
    finally:
        os.chdir(before)
    return next(folder.glob(f"{PACKAGE}_*.deb"), None)


def _apt(*arguments: str) -> bool:
    # apt gives up root before it downloads, and then could not write into a folder of root's.
    command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *arguments]
    return ask(command, child_environment({"LC_ALL": "C.UTF-8"}), timeout=300) is not None
