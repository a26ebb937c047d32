"""Run the Python in a document, block after block, as its reader would: servers served, readers connected.

The blocks of one file share their names. A block may use `await` outside a function. What an earlier block called
`app` is served by uvicorn where a later one asks http://localhost:8000. A block that is only a piece to be looked at
says why it does not run: ```python skip="needs a database". A document is a module of its name while it runs, as a
setting like `ROOT_URLCONF=__name__` wants it.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import re
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "http://localhost:8000"
START = 20.0
FENCE = re.compile(
    r"^(?P<indent> *)```python(?P<info>[^\n]*)\n(?P<code>.*?)^(?P=indent)```\s*$", re.MULTILINE | re.DOTALL
)
SKIP = re.compile(r'\bskip="[^"]*\w[^"]*"')


@dataclass(frozen=True)
class Block:
    code: str
    line: int
    info: str

    @property
    def runs(self) -> bool:
        return SKIP.search(self.info) is None


def blocks(text: str) -> list[Block]:
    """The Python blocks of a document, with the line that each begins on."""
    found: list[Block] = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("code"))
        indent = match["indent"]
        code = "".join(part.removeprefix(indent) for part in match["code"].splitlines(keepends=True))
        found.append(Block(code, line, match["info"].strip()))
    return found


def execute(path: Path) -> int:
    """Run every block of the file that runs, and return how many. An error shows the document's own line."""
    # `__main__` would start what stands below `if __name__ == "__main__"`.
    module = ModuleType(f"document_{path.stem}")
    sys.modules[module.__name__] = module
    names: dict[str, Any] = module.__dict__
    count = 0
    for block in blocks(path.read_text(encoding="utf-8")):
        if not block.runs:
            continue
        count += 1
        with _address(block, names) as code:
            _run("\n" * block.line + code, path, names)
    return count


def _run(code: str, path: Path, names: dict[str, Any]) -> None:
    compiled = compile(code, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    result = eval(compiled, names)  # noqa: S307 - exec cannot give the coroutine of a top-level await
    if inspect.iscoroutine(result):
        asyncio.run(result)


@contextlib.contextmanager
def _address(block: Block, names: dict[str, Any]) -> Iterator[str]:
    if ADDRESS not in block.code or "app" not in names:
        yield block.code
        return
    with socket.create_server(("127.0.0.1", 0)) as listener, _served(names["app"], listener):
        yield block.code.replace(ADDRESS, f"http://127.0.0.1:{listener.getsockname()[1]}")


@contextlib.contextmanager
def _served(app: Any, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    # The socket listens already: who connects before the server runs waits in its queue.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(START)
        assert not thread.is_alive(), "the server of a document's app does not stop"


if __name__ == "__main__":
    execute(Path(sys.argv[1]))
