"""Test transports, a clock that jumps, and assertions, for those who test their own streams.

The transports and what is about responses need `tailrace[client]`; nothing needs pytest.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailrace.testing._asgi import ASGITransport
    from tailrace.testing._assertions import (
        assert_complete,
        assert_failed,
        assert_truncated,
        events_of,
        items_of,
    )
    from tailrace.testing._clients import StreamClients
    from tailrace.testing._clock import Clock
    from tailrace.testing._faults import Answer, Faults
    from tailrace.testing._loop import JumpingLoop, run
    from tailrace.testing._received import Received, fetch
    from tailrace.testing._streams import Probe, assert_streams
    from tailrace.testing._wsgi import WSGITransport

__all__ = [
    "ASGITransport",
    "Answer",
    "Clock",
    "Faults",
    "JumpingLoop",
    "Probe",
    "Received",
    "StreamClients",
    "WSGITransport",
    "assert_complete",
    "assert_failed",
    "assert_streams",
    "assert_truncated",
    "events_of",
    "fetch",
    "items_of",
    "run",
]

# Imported when they are asked for: pytest imports this package, for its plugin, in every run wherever tailrace
# is installed, and httpx2 may not be.
_PLACES = {
    "ASGITransport": "_asgi",
    "Answer": "_faults",
    "Clock": "_clock",
    "Faults": "_faults",
    "JumpingLoop": "_loop",
    "Probe": "_streams",
    "Received": "_received",
    "StreamClients": "_clients",
    "WSGITransport": "_wsgi",
    "assert_complete": "_assertions",
    "assert_failed": "_assertions",
    "assert_streams": "_streams",
    "assert_truncated": "_assertions",
    "events_of": "_assertions",
    "fetch": "_received",
    "items_of": "_assertions",
    "run": "_loop",
}

if not TYPE_CHECKING:  # to which a name that is not there has to stay an error

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            module = _import_module(f"{__name__}.{_PLACES[name]}")
        except ModuleNotFoundError as error:
            if error.name != "httpx2":
                raise
            raise ImportError(f'{name} needs httpx2: pip install "tailrace[client]"') from error
        return getattr(module, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
