"""The last line of `test`: how many passed, and how many failed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pathlib import Path


def count(report: Path, exit_code: int) -> tuple[int, int]:
    """(passed, failed) from pytest's JUnit report. An error outside a test is a failure as well.

    A run that ended with an error and no failed test (a crash, a usage error, nothing found to run) is one failure.
    """
    try:
        suites = list(ET.parse(str(report)).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it
    except (OSError, ET.ParseError):
        return 0, 1
    total = sum(int(suite.get("tests", "0")) for suite in suites)
    failed = sum(int(suite.get(kind, "0")) for suite in suites for kind in ("failures", "errors"))
    skipped = sum(int(suite.get("skipped", "0")) for suite in suites)
    if exit_code != 0 and failed == 0:
        failed = 1
        total += 1
    return max(0, total - failed - skipped), failed


def line(passed: int, failed: int) -> str:
    """As a continuous integration reads it."""
    return f"{passed} passed, {failed} failed"
