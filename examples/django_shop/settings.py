"""The shop's settings: PostgreSQL where DATABASE_URL names one, else a file of SQLite's beside this one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).parent
GRACE = 10.0
"""Seconds that open streams have once the server is told to stop."""

PAUSE = float(os.environ.get("SHOP_PAUSE", "0.3"))
"""Seconds that each part of the dashboard takes longer than a database this small would need."""


def database(url: str) -> dict[str, Any]:
    """Django's words for `postgresql://user:password@host:port/name?option=value`, or `sqlite:///path`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        # Readers do not keep writers waiting; who is going to write says so before he reads.
        options = {"init_command": "PRAGMA journal_mode=WAL", "transaction_mode": "IMMEDIATE", "timeout": 20}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path[1:]), "OPTIONS": options}
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL={parts.scheme}:…: expected postgresql://… or sqlite:///…")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


DATABASES = {"default": database(os.environ.get("DATABASE_URL") or f"sqlite:///{BASE_DIR}/shop.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = get_random_secret_key()  # nothing that it signs outlives the process
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
TIME_ZONE = "UTC"
USE_TZ = True

INSTALLED_APPS = ["tailrace.django", "rest_framework", "examples.django_shop.shop"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "examples.django_shop.urls"
ASGI_APPLICATION = "examples.django_shop.asgi.application"
WSGI_APPLICATION = "examples.django_shop.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

TAILRACE = {
    "DELIVERY": {
        "compression": ("zstd", "gzip"),
        # Proxies drop what is silent for a minute or so.
        "keep_alive": float(os.environ.get("SHOP_KEEP_ALIVE", "15")),
    },
}
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": "tailrace.drf.RENDERERS",
    # Nobody signs in here, so there are no users to look for.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    # A form of another site can post a form, but no JSON.
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
