"""Django, set up as tests/django has it, and the servers of this folder."""

from tests.django.plugin import database, pg, shop, tables
from tests.restflow.serving import _start, served, server

__all__ = ["_start", "database", "pg", "served", "server", "shop", "tables"]
