"""What `import tailrace` gives, and what it does not bring with it."""

from __future__ import annotations

import json
import sys

import pytest

import tailrace
from tests.gate.commands import check

MOST = 20
NAMES = [
    "Abort",
    "Bytes",
    "CSV",
    "Deferred",
    "Delivery",
    "Document",
    "Event",
    "EventStream",
    "Growing",
    "GrowingText",
    "JSON",
    "JSONSeq",
    "Limits",
    "NDJSON",
    "Offer",
    "Outcome",
    "Problem",
    "Progressive",
    "Text",
    "defer",
]
FRAMEWORKS = {"anyio", "asyncio", "django", "fastapi", "pydantic", "starlette", "uvicorn"}


def test_the_names_are_these() -> None:
    assert sorted(tailrace.__all__) == sorted(NAMES)
    assert len(tailrace.__all__) <= MOST
    # pytest, which a package with a plugin is rewritten by, puts names with an @ in it.
    public = {name for name in vars(tailrace) if not name.startswith(("_", "@"))}
    modules = {name for name in public if f"tailrace.{name}" in sys.modules}
    assert public - modules == set(NAMES)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    modules: list[str] = json.loads(check(sys.executable, "-I", "-c", code))
    return {name.partition(".")[0] for name in modules}


def test_importing_tailrace_imports_no_framework() -> None:
    assert loaded_by("import tailrace") & FRAMEWORKS == set()


@pytest.mark.parametrize(
    ("module", "framework"), [("tailrace.asgi", "asyncio"), ("tailrace.starlette", "starlette")]
)
def test_a_skin_imports_its_own(module: str, framework: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert framework in loaded
    assert "fastapi" not in loaded


def test_importing_anything_changes_nothing() -> None:
    code = (
        "import signal, asyncio, sys, fastapi, starlette.responses as s\n"
        "def state(): return ([signal.getsignal(n) for n in signal.valid_signals()], sys.excepthook,\n"
        "    asyncio.get_event_loop_policy.__code__, dict(vars(s.Response)), dict(vars(s.StreamingResponse)),\n"
        "    dict(vars(fastapi.FastAPI)), sys.getswitchinterval())\n"
        "before = state()\n"
        "import tailrace, tailrace.asgi, tailrace.starlette, tailrace.fastapi\n"
        "assert state() == before\n"
    )
    check(sys.executable, "-I", "-W", "ignore", "-c", code)
