"""Stream from a FastAPI route; run in an environment that holds the wheel and its `fastapi` extra."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI

from tailrace.fastapi import Stream

sys.path.insert(0, str(Path(__file__).parent))

from asgi_client import ask

app = FastAPI()


async def rows() -> AsyncIterator[dict[str, int]]:
    for n in range(3):
        yield {"n": n}


@app.get("/")
async def read() -> Stream:
    return Stream(rows())


ask(app, "application/x-ndjson")
