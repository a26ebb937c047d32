"""Requests as a client makes them, to the views of `tests.drf.urls`, under WSGI and under ASGI."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.test import AsyncClient, Client, override_settings

from tests.django.plugin import database, pg, shop, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., "Reply"]

__all__ = ["database", "pg", "shop", "tables"]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@pytest.fixture(autouse=True)
def site() -> Iterator[None]:
    templates = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
    with override_settings(
        ROOT_URLCONF="tests.drf.urls", TEMPLATES=[templates], STATIC_URL="/static/", TIME_ZONE="UTC"
    ):
        yield


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Makes a GET request: `ask("/orders", accept="text/csv")`."""
    return by_wsgi if request.param == "wsgi" else by_asgi


def by_wsgi(path: str, accept: str = "*/*", method: str = "GET", **fields: str) -> Reply:
    client = Client(raise_request_exception=False)
    response: Any = client.generic(method, path, headers={"accept": accept, **_named(fields)})
    body = b"".join(response) if response.streaming else response.content
    response.close()
    return Reply(response.status_code, dict(response.items()), body)


def by_asgi(path: str, accept: str = "*/*", method: str = "GET", **fields: str) -> Reply:
    async def asked() -> Reply:
        client = AsyncClient(raise_request_exception=False)
        response: Any = await client.generic(method, path, headers={"accept": accept, **_named(fields)})
        body = response.content if not response.streaming else b""
        if response.streaming and method != "HEAD":  # whose body the client takes away, and leaves a sync one
            body = b"".join([run async for run in response])
        return Reply(response.status_code, dict(response.items()), body)

    return asyncio.run(asked())


def _named(fields: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in fields.items()}
