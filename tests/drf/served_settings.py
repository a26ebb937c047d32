"""The settings of the tests, with the views and the database of a test for a server."""

from __future__ import annotations

import os

from tests.django.site import *  # noqa: F403 - all of them but these

ROOT_URLCONF = "tests.drf.served_urls"
TIME_ZONE = "UTC"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP"]}}
