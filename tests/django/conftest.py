"""Django, set up as tests/drf and tests/restflow have it too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

from tests.django.plugin import database, pg, shop, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["database", "pg", "shop", "tables"]


@pytest.fixture
def exchange() -> Iterator[None]:
    """The views of exchange.py, which answer what the test says."""
    from tests.django import exchange  # noqa: PLC0415 - behind plugin.py, which sets Django up

    with override_settings(ROOT_URLCONF=exchange.__name__):
        yield
    exchange.made.clear()
