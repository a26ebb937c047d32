"""Django, set up as tests/drf and tests/restflow have it too."""

from tests.django.plugin import database, pg, shop, tables

__all__ = ["database", "pg", "shop", "tables"]
