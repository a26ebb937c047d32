"""The project that the servers run: restflow's examples behind Django's own middleware, compression included."""

from __future__ import annotations

import os
from typing import Any, Final

from tests.django.site import ALLOWED_HOSTS, DEFAULT_AUTO_FIELD, INSTALLED_APPS, SECRET_KEY, USE_TZ

__all__ = ["ALLOWED_HOSTS", "DEFAULT_AUTO_FIELD", "INSTALLED_APPS", "SECRET_KEY", "USE_TZ"]

ROOT_URLCONF: Final = "tests.restflow.urls"
MIDDLEWARE: Final = [
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DATABASES: Final[dict[str, dict[str, Any]]] = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP"]}
}
REST_FRAMEWORK: Final = {"DEFAULT_AUTHENTICATION_CLASSES": ["tests.restflow.authentication.ByName"]}
# Errors go where tailrace's go: to the log that the tests read.
LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {name: {"handlers": ["console"], "level": "INFO"} for name in ("django", "tailrace")},
}
