"""Stream over the bare ASGI application; run in an environment that holds the wheel only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

from tailrace.asgi import Stream

sys.path.insert(0, str(Path(__file__).parent))

from asgi_client import ask


async def rows() -> AsyncIterator[dict[str, int]]:
    for n in range(3):
        yield {"n": n}


ask(Stream(rows()), "application/json")
ask(Stream(rows()), "application/x-ndjson")
