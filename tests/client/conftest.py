"""What the tests of the readers share."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.register_assert_rewrite("tests.client.reading")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine's environment says: no proxy, and no certificates, which each client would load anew."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("SSL_CERT_DIR", str(Path(__file__).parent))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


@pytest.fixture(scope="module", autouse=True)
def little_garbage() -> Iterator[None]:
    """What is there already is not looked at again each time that garbage is collected."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
