"""What servers differ in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def waits_for_ever(scope: Mapping[str, Any]) -> bool:
    """Whether the server may never give up a response that its application has left unfinished.

    That is daphne, which names no version of the specification; test clients name none either.
    """
    return "spec_version" not in scope.get("asgi", {})


def is_daphne(scope: Mapping[str, Any] | None) -> bool:
    """Whether the server stops looking after its applications when one of them raises; None: of an unknown request."""
    if scope is None:
        return bool(getattr(sys.modules.get("twisted.internet.reactor"), "running", False))
    return waits_for_ever(scope) and "daphne.server" in sys.modules


def cancels_at_the_end() -> bool:
    """Whether the server cancels its applications when it stops: that is hypercorn."""
    return "hypercorn.app_wrappers" in sys.modules


def ends_what_fails(environ: Mapping[str, Any]) -> bool:
    """Whether a WSGI server ends a body as a complete one although its iterator has raised."""
    return environ.get("SERVER_SOFTWARE") == "Granian"
