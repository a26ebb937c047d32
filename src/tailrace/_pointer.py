"""JSON Pointers (RFC 6901)."""

from __future__ import annotations

import re
from typing import Final

_STRAY: Final = re.compile("~(?![01])")


def step_to(key: str | int) -> str:
    """The part of a pointer that leads to a member or an element."""
    name = str(key)
    if "~" in name or "/" in name:
        name = name.replace("~", "~0").replace("/", "~1")
    return f"/{name}"


def steps_of(pointer: str) -> tuple[str, ...]:
    """The names and indices of a pointer; raises `ValueError` where it is none."""
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"expected a JSON Pointer such as /posts/0, or nothing, got {pointer!r}")
    if _STRAY.search(pointer):
        raise ValueError(f"expected ~0 for ~ and ~1 for / in the names of a JSON Pointer, got {pointer!r}")
    return tuple(one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:])
