"""Django's own middleware, all of it that touches a response; whatever is logged stands in the server's log."""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urlsplit

SECRET_KEY: Final = "a test's"  # noqa: S105 - nothing is kept with it
ALLOWED_HOSTS: Final = ["*"]
ROOT_URLCONF: Final = "project.urls"
USE_TZ: Final = True
INSTALLED_APPS: Final = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "tailrace.django",
    "project",
]
MIDDLEWARE: Final = [
    "project.middleware.at_the_door",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if os.environ.get("SYNC_ONLY"):
    MIDDLEWARE.insert(4, "project.middleware.SyncOnly")
SESSION_ENGINE: Final = "django.contrib.sessions.backends.signed_cookies"
DEFAULT_AUTO_FIELD: Final = "django.db.models.AutoField"
REST_FRAMEWORK: Final = {"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []}


def _database() -> dict[str, Any]:
    """PostgreSQL where the test has one, SQLite otherwise; a connection lasts as long as its request: the default."""
    if "DATABASE_URL" not in os.environ:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SQLITE_FILE"]}
    parts = urlsplit(os.environ["DATABASE_URL"])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "OPTIONS": {"application_name": os.environ["APPLICATION_NAME"]},
    }


DATABASES: Final = {"default": _database()}
LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"tailrace": {"level": "INFO"}},
}
