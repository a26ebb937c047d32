"""Where the pages beside one are, without the envelope that says it in JSON."""

from __future__ import annotations

from typing import Any, Final, cast

_RELATIONS: Final = {"first": "first", "previous": "prev", "next": "next", "last": "last"}
"""What paginators call a link, and what IANA does."""


def link_field(envelope: dict[str, Any]) -> str:
    """The value of a Link field (RFC 8288) for the links of a paginator's envelope; empty where it has none."""
    inner: Any = envelope.get("links")
    members = cast("dict[str, Any]", inner) if isinstance(inner, dict) else envelope
    found = {relation: members.get(name) for name, relation in _RELATIONS.items()}
    return ", ".join(f'<{url}>; rel="{relation}"' for relation, url in found.items() if isinstance(url, str))
