"""restflow's streaming responses over this engine: the names, signatures and bytes that its users know.

`Response` is REST framework's, and `APIView` its view, with `async def` handlers and for streams; both need the
extra `tailrace[drf]`, the rest needs Django alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tailrace.restflow._events import format_sse, reject_control_chars
from tailrace.restflow.responses import NDJSONResponse, SSEResponse, StreamingJSONListResponse

if TYPE_CHECKING:
    from rest_framework.response import Response

    from tailrace.restflow.views import APIView

__all__ = [
    "APIView",
    "NDJSONResponse",
    "Response",
    "SSEResponse",
    "StreamingJSONListResponse",
    "format_sse",
    "reject_control_chars",
]

if not TYPE_CHECKING:  # to which a name that is not there has to stay an error

    def __getattr__(name: str) -> object:
        # REST framework reads its settings when it is imported, and may not be installed.
        where = {"APIView": "tailrace.restflow.views", "Response": "rest_framework.response"}
        if name in where:
            return getattr(import_module(where[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
