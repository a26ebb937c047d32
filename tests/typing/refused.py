"""Wrong uses. A checker that no longer refuses one reports its `ignore` as unused."""

from __future__ import annotations

import tailrace
from tailrace import NDJSON, Delivery, Document, Event, EventStream, GrowingText, Problem, defer
from tailrace.asgi import Stream

Stream(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no iterable
Stream([], formats=["json"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # a word is no format
Stream([], formats=NDJSON)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no sequence
Stream([], 200, None, None)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]  # the bare one has no background
Stream([], delivery=15)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number is no Delivery
Delivery(1.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # seconds need their name
EventStream(retry="2s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # milliseconds
Event("x", id=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # ids are text
Problem(title="Gone", status="410")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number
_ = tailrace.Stream  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]  # it is a framework's
GrowingText("text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # text that is there is a str
defer(len)(5)  # type: ignore[operator]  # pyright: ignore[reportCallIssue]  # what it gives is awaited
Document({}, 5.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a whole number
