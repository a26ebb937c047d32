"""All checks: from what was seen to what it means, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailrace.cli.doctor.coding import coding
from tailrace.cli.doctor.ending import ending
from tailrace.cli.doctor.finding import ORDER, Case, Finding
from tailrace.cli.doctor.headers import headers
from tailrace.cli.doctor.resuming import resuming
from tailrace.cli.doctor.silence import silence
from tailrace.cli.doctor.timing import timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKS: Final[tuple[Callable[[Case], Iterator[Finding]], ...]] = (
    timing,
    coding,
    ending,
    headers,
    resuming,
    silence,
)


def examine(case: Case) -> list[Finding]:
    """Everything that was found, the worst first."""
    found = [finding for check in CHECKS for finding in check(case)]
    return sorted(found, key=lambda finding: ORDER.index(finding.severity))
