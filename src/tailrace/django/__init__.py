"""`stream` for Django, and an application for INSTALLED_APPS: `"tailrace.django"` brings system checks.

A Django response never sees the request, so it comes first, as in `render()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tailrace.django._queryset import from_queryset
    from tailrace.django._stream import stream

__all__ = ["from_queryset", "stream"]


def __getattr__(name: str) -> Any:
    # Later than this module, which Django imports before its models can be.
    if name == "stream":
        from tailrace.django._stream import stream  # noqa: PLC0415 - as said

        return stream
    if name == "from_queryset":
        from tailrace.django._queryset import from_queryset  # noqa: PLC0415 - as said

        return from_queryset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
