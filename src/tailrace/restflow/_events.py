"""Server-sent events of strings and dicts, frame for frame as restflow writes them (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder

from tailrace._json import Encode, foreign

_FIELDS: Final = ("id", "event", "retry")
"""The order of the wire; the data comes last."""

# With the spaces of Python's own json: so it is in restflow's events, and unlike a list, nobody promised less.
_json: Final[Encode] = foreign(DjangoJSONEncoder().encode)


def reject_control_chars(name: str, value: Any) -> str:
    """The text of an event's field; raises `ValueError` where it holds CR, LF or NUL.

    A line end would begin another field, and a browser drops an id with a NUL.
    """
    rendered = value if isinstance(value, str) else str(value)
    if "\r" in rendered or "\n" in rendered:
        raise ValueError(
            f"SSE event field {name!r} must not contain CR or LF characters. "
            "Strip newlines before passing the value."
        )
    if "\0" in rendered:
        raise ValueError(f"SSE event field {name!r} must not contain NUL characters.")
    return rendered


def format_sse(event: str | Mapping[str, Any]) -> str:
    """One event as it goes out: a string is its data, a dict may have `data`, `event`, `id` and `retry`.

    Data that is no string becomes JSON by `DjangoJSONEncoder`; each of its lines is a `data:` line. A field that is
    None is left out. Raises `ValueError` for CR, LF or NUL in a field, `TypeError` for what is no event.
    """
    if isinstance(event, str):
        event = {"data": event}
    elif not isinstance(event, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - from untyped code too
        raise TypeError(
            f"SSEResponse takes events that are a str or a dict with data, event, id and retry, "
            f"got {type(event).__qualname__}"
        )
    lines = [
        f"{name}: {reject_control_chars(name, event[name])}"
        for name in _FIELDS
        if event.get(name) is not None
    ]
    if "data" in event:
        payload = event["data"]
        text = payload if isinstance(payload, str) else _json(payload).decode()
        lines += [f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(lines) + "\n\n"
