"""Streaming responses for web APIs: a stream is a value that isn't finished yet.

The responses are in `tailrace.asgi`, `tailrace.starlette` and `tailrace.fastapi`; here are the formats
and the nouns that they share.
"""

import typing as _typing

from tailrace._event import Event
from tailrace._holes import Deferred as Deferred
from tailrace._holes import Document, GrowingText, defer
from tailrace._holes import Growing as Growing
from tailrace._model import Delivery, Limits, Outcome, Problem
from tailrace._negotiate import Offer
from tailrace.errors import Abort
from tailrace.formats import CSV, JSON, NDJSON, Bytes, EventStream, JSONSeq, Progressive, Text

__all__ = [
    "CSV",
    "JSON",
    "NDJSON",
    "Abort",
    "Bytes",
    "Deferred",
    "Delivery",
    "Document",
    "Event",
    "EventStream",
    "Growing",
    "GrowingText",
    "JSONSeq",
    "Limits",
    "Offer",
    "Outcome",
    "Problem",
    "Progressive",
    "Text",
    "defer",
]

if not _typing.TYPE_CHECKING:  # to which a name that is not there has to stay an error

    def __getattr__(name: str) -> object:
        if name == "Stream":
            raise ImportError("Stream is in tailrace.fastapi, tailrace.starlette and tailrace.asgi")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
