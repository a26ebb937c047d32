"""Streams in Django REST framework: its negotiation, permissions, throttles, versions and pages go on working.

`stream` is what a view returns, and `StreamMixin` makes a list view of rows one that streams them. `RENDERERS` are
for a view's `renderer_classes`, or for all views: `"DEFAULT_RENDERER_CLASSES": "tailrace.drf.RENDERERS"`, a text, for
settings come before the framework. `BROWSABLE_RENDERERS` have the browsable API too.
"""

from tailrace.drf._mixin import StreamMixin
from tailrace.drf._renderers import (
    BROWSABLE_RENDERERS,
    RENDERERS,
    CSVRenderer,
    EventStreamRenderer,
    JSONLinesRenderer,
    JSONRenderer,
    JSONSeqRenderer,
    NDJSONRenderer,
    ProgressiveRenderer,
    StreamRenderer,
)
from tailrace.drf._stream import stream

__all__ = [
    "BROWSABLE_RENDERERS",
    "RENDERERS",
    "CSVRenderer",
    "EventStreamRenderer",
    "JSONLinesRenderer",
    "JSONRenderer",
    "JSONSeqRenderer",
    "NDJSONRenderer",
    "ProgressiveRenderer",
    "StreamMixin",
    "StreamRenderer",
    "stream",
]
