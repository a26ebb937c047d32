"""Django as these servers run it: settings on import, and an application for the URLs of a module."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest

DEFAULT_MIDDLEWARE: Final = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
"""Of `startproject`."""

_APPS: Final = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "tailrace.django",
)


def _databases() -> dict[str, dict[str, str | int | None]]:
    url = os.environ.get("BENCH_DATABASE_URL")
    if url is None:
        return {}
    parts = urlsplit(url)
    return {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.removeprefix("/"),
            "USER": parts.username,
            "PASSWORD": parts.password,
            "HOST": parts.hostname,
            "PORT": parts.port,
        }
    }


settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    DATABASES=_databases(),
    INSTALLED_APPS=_APPS,
    MIDDLEWARE=[],
    SECRET_KEY="no secret is kept here",  # noqa: S106 - nothing is signed with it
    USE_TZ=False,
)
django.setup()


def served(urls: str, middleware: Sequence[str] = ()) -> tuple[ASGIHandler, WSGIHandler]:
    """The applications of the module `urls`, one such module a process."""
    settings.ROOT_URLCONF = urls
    settings.MIDDLEWARE = list(middleware)
    return get_asgi_application(), get_wsgi_application()


def count_of(request: HttpRequest) -> int:
    """How many rows are asked for."""
    return int(request.GET["count"])
