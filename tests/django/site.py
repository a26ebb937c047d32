"""The settings of every test of Django's that runs in this process."""

from __future__ import annotations

from typing import Any, Final

SECRET_KEY: Final = "for tests only"  # noqa: S105 - it keeps no secret
ALLOWED_HOSTS: Final = ["*"]
ROOT_URLCONF: Final = "tests.django.urls"
USE_TZ: Final = True
DEFAULT_AUTO_FIELD: Final = "django.db.models.BigAutoField"

INSTALLED_APPS: Final = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "drf_spectacular",
    "tailrace.django",
    "tests.django.shop",
]
MIDDLEWARE: Final[list[str]] = []

NOT_MADE: Final = "made by plugin.py"
# The file that plugin.py makes: a thread of a source has to see what the test has written.
DATABASES: Final[dict[str, dict[str, Any]]] = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": NOT_MADE, "OPTIONS": {"timeout": 20}}
}
