"""Every script, in both shells, as it is written and byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.client import (
    scripts_coded,
    scripts_credentials,
    scripts_formats,
    scripts_methods,
    scripts_requests,
    scripts_resume,
    scripts_status,
    scripts_types,
    scripts_unnumbered,
    scripts_wire,
)
from tests.client.reading import SHELLS, play

if TYPE_CHECKING:
    from tests.client.script import Script

FILES: Final = (
    scripts_coded,
    scripts_credentials,
    scripts_formats,
    scripts_methods,
    scripts_requests,
    scripts_resume,
    scripts_status,
    scripts_types,
    scripts_unnumbered,
    scripts_wire,
)
SCRIPTS: Final = [script for file in FILES for script in file.SCRIPTS]


def cases() -> list[Any]:
    """Each script in each shell that it is for."""
    return [
        pytest.param(script, shell, id=f"{script.name}-{shell}")
        for script in SCRIPTS
        for shell in SHELLS
        if script.only in {None, shell}
    ]


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("script", "shell"), cases())
def test_script(
    script: Script,
    shell: str,
    bytewise: bool,  # noqa: FBT001 - one of two ways
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nobody wants to wait ten seconds for the body of an error.
    monkeypatch.setattr("tailrace.client._trouble._PROBLEM_WITHIN", 0.2)
    play(script, shell, bytewise=bytewise)


def test_names_are_unique() -> None:
    names = [script.name for script in SCRIPTS]
    assert len(names) == len(set(names))
