"""mypy and pyright, both strict, on the library and on uses of it; the second also finds wrong uses refused."""

from __future__ import annotations

import sys

import pytest

from tests.gate.commands import check


@pytest.mark.slow
def test_mypy_is_content() -> None:
    check(sys.executable, "-m", "mypy")


@pytest.mark.slow
def test_pyright_is_content() -> None:
    check(sys.executable, "-m", "pyright", "--pythonpath", sys.executable)


@pytest.mark.slow
def test_what_runs_first_fits_the_oldest_python_that_mypy_knows() -> None:
    check(sys.executable, "-m", "mypy", "--python-version", "3.10", "run.py", "tools")
