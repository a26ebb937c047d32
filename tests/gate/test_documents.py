"""The Python in README.md and docs/ runs as it stands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.gate.commands import ROOT, check
from tests.gate.documents import blocks, execute

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_runs(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if "settings.configure(" in path.read_text(encoding="utf-8"):
        # Django is set up once for a process, and other tests have settings of their own.
        words = [sys.executable, "-W", "error", "-m", "tests.gate.documents", path]
        check(*words, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
        return
    monkeypatch.chdir(tmp_path)  # what an example writes is gone with the test
    execute(path)


def test_the_readme_has_code_that_runs() -> None:
    assert [block for block in blocks((ROOT / "README.md").read_text(encoding="utf-8")) if block.runs]


SERVED = """
Text.

```python
from tailrace.asgi import Stream

async def app(scope, receive, send):
    if scope["type"] == "http":
        await Stream([{"id": 1}])(scope, receive, send)
```

- Indented, and with `await`:

  ```python
  import asyncio, urllib.request
  def read():
      with urllib.request.urlopen("http://localhost:8000/rows") as answer:
          return answer.read()
  body = await asyncio.to_thread(read)
  ```

```python
assert body == EXPECTED, body
```

```python skip="a piece of something else"
never[
```
"""


def document(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_blocks_share_their_names_and_their_server(tmp_path: Path) -> None:
    assert execute(document(tmp_path, SERVED.replace("EXPECTED", "b'[{\"id\":1}]'"))) == len(
        ["app", "read", "check"]
    )


def test_a_document_that_is_wrong_fails_at_its_own_line(tmp_path: Path) -> None:
    path = document(tmp_path, SERVED.replace("EXPECTED", "b'[]'"))
    with pytest.raises(AssertionError) as caught:
        execute(path)
    assert caught.traceback[-1].path == path
    assert caught.traceback[-1].lineno + 1 == SERVED[: SERVED.index("assert")].count("\n") + 1


def test_a_skip_without_a_reason_runs(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError):
        execute(document(tmp_path, '```python skip=""\nnever[\n```\n'))
