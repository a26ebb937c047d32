"""Debian's packages for a user who is not root: fetched and unpacked into a folder, nothing is installed."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Sequence

from tools.say import ask, call, child_environment, progress

PIP = "python3-pip-whl"
# Only root may lock the machine's state, and nothing of it is changed. As root, apt would give up being that before it
# downloads, and then could not write into a folder of root's.
APT = ("apt-get", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root")
ENVIRONMENT = child_environment({"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"})


def pip_wheels(cache: Path) -> list[Path] | None:
    """The wheels of Debian's pip, installed or unpacked below `cache`; None where neither can be had."""
    for root in (Path("/"), unpacked(PIP, cache)):
        wheels = sorted((root / "usr/share/python-wheels").glob("pip-*.whl")) if root else []
        if wheels:
            return wheels
    return None


def unpacked(package: str, cache: Path) -> Path | None:
    """The root of a tree below `cache` with a package and whatever it needs that is not on this machine.

    None where this is no Debian, or apt cannot get them. A tree that is there already is taken as it is.
    """
    folder = cache / "debian"
    root = folder / package
    if root.exists():
        return root
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(folder)) as work:
        tree = Path(work, "root")
        packages = _download(package, folder, Path(work))
        unpack = (call(["dpkg-deb", "-x", str(file), str(tree)], ENVIRONMENT) == 0 for file in packages)
        if not packages or not all(unpack):
            return None
        # Under its name only when it is whole: a run that was cut off leaves nothing that looks like it.
        if not root.exists():  # by another run meanwhile
            tree.replace(root)
    return root


def _download(package: str, folder: Path, work: Path) -> Sequence[Path]:
    """The files of a package and of what it needs: by the machine's own lists, or by lists of our own."""
    archives = work / "archives"
    (archives / "partial").mkdir(parents=True)
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    into = ["-o", f"Dir::Cache={work}", "-o", f"Dir::Cache::archives={archives}"]
    own = [*into, "-o", f"Dir::State::lists={lists}"]
    # A container image has no lists, and old ones name what has been replaced since.
    if not (_install(package, into) or _install(package, own)):
        progress("fetching Debian's package lists (about 10 MB)")
        if not (_apt(*own, "update") and _install(package, own)):
            return []
    return sorted(archives.glob("*.deb"))


def _install(package: str, options: Sequence[str]) -> bool:
    """Download what an installation of `package` would; False where the lists do not know it, or it fails."""
    words = [*options, "--yes", "--reinstall", "--no-install-recommends", "install", package]
    plan = ask([*APT, "--print-uris", *words], ENVIRONMENT)
    if plan is None:
        return False
    # 'http://…/name.deb' name.deb 1234 SHA256:…
    sizes = [int(line.split()[2]) for line in plan.splitlines() if line.startswith("'")]
    progress(f"getting Debian's {package} ({len(sizes)} packages, {sum(sizes) / 1e6:.0f} MB)")
    return _apt("--download-only", *words)


def _apt(*arguments: str) -> bool:
    quiet = [] if sys.stderr.isatty() else ["-qq"]
    return call([*APT, *quiet, *arguments], ENVIRONMENT) == 0
