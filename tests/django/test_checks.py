"""Each system check, where it has something to say and where it has not."""

from __future__ import annotations

import asyncio
import gc
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from adrf.views import APIView as AsyncAPIView
from django.core.checks import run_checks
from django.http import HttpResponse
from django.middleware.common import CommonMiddleware
from django.test import RequestFactory, override_settings
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from tailrace.django import checks

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.checks import CheckMessage

POSTGRESQL = "django.db.backends.postgresql"
STREAMING = {"REST_FRAMEWORK": {"DEFAULT_RENDERER_CLASSES": ["tailrace.drf.EventStreamRenderer"]}}


def said(*, deploy: bool = False, **settings: Any) -> dict[str, str]:
    """What is said, by id."""
    with override_settings(**{**STREAMING, **settings}):
        messages: list[CheckMessage] = run_checks(tags=[checks.TAG], include_deployment_checks=deploy)
    assert all(message.hint for message in messages)
    return {str(message.id).removeprefix("tailrace."): message.msg for message in messages}


def routes(*patterns: Any) -> Any:
    urlconf: Any = ModuleType("urls")
    urlconf.urlpatterns = list(patterns)
    return urlconf


def test_a_project_that_is_right_hears_nothing() -> None:
    assert said() == said(deploy=True) == {}


def test_settings() -> None:
    assert said(TAILRACE={"DELIVERY": {"keep_alive": 5.0}, "FORMATS": ["json"]}) == {}
    with override_settings(TAILRACE={"FORMAT": [], "FORMATS": ["jsonl"]}, **STREAMING):
        first, second = run_checks(tags=[checks.TAG])
    assert first.id == second.id == "tailrace.E001"
    assert first.is_serious()
    assert first.msg == "TAILRACE['FORMAT']: expected one of 'FORMATS', 'DELIVERY', 'ENCODER'."
    assert "'jsonl' is no format" in second.msg


class Plain(APIView):
    async def get(self, request: Any) -> Response:
        del request
        return Response([])


class PlainSet(ViewSet):
    async def list(self, request: Any) -> Response:
        del request
        return Response([])

    def retrieve(self, request: Any, pk: str) -> Response:
        del request, pk
        return Response([])


class Adrf(AsyncAPIView):
    async def get(self, request: Any) -> Response:
        del request
        return Response([])


@api_view(["GET"])
async def function(request: Any) -> Response:
    del request
    return Response([])


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(
    ("view", "name"),
    [
        (Plain.as_view(), "Plain.get"),
        (PlainSet.as_view({"get": "list"}), "PlainSet.list"),
        (function, "function.get"),
    ],
)
def test_async_handlers_that_nobody_awaits(view: Any, name: str) -> None:
    """REST framework's answer to one is an assertion of its own."""
    message = said(ROOT_URLCONF=routes(path("orders/", include([path("live", view)]))))["E002"]
    with pytest.raises(AssertionError, match="Expected a `Response`"):
        asyncio.run(answered(view))
    gc.collect()  # what REST framework has not awaited, whose warning is to come in this test
    assert f"{name} is async" in message


async def answered(view: Any) -> Any:
    return await view(RequestFactory().get("/"))  # a coroutine, where all handlers of a view are async


def test_handlers_that_are_right() -> None:
    right = (Adrf.as_view(), PlainSet.as_view({"get": "retrieve"}), HttpResponse)
    assert said(ROOT_URLCONF=routes(*(path(str(at), view) for at, view in enumerate(right)))) == {}


class Reads:
    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self._get_response(request)
        response.content += b"!"
        return response


class Inherits(Reads):
    pass


class LooksFirst(Reads):
    def __call__(self, request: Any) -> Any:
        response = self._get_response(request)
        return response if response.streaming else super().__call__(request)


class Common(CommonMiddleware):  # which looks first, where it has to
    def process_response(self, request: Any, response: Any) -> Any:
        response["X-Length"] = str(len(response.content))
        return super().process_response(request, response)


def collects(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def middleware(request: Any) -> Any:
        response = get_response(request)
        if response.streaming:
            response.streaming_content = [b"".join(response.streaming_content)]
        return response

    return middleware


DJANGO_S = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


@pytest.mark.parametrize(
    ("name", "said_of_it"),
    [
        ("Reads", {"W001"}),
        ("Inherits", {"W001"}),
        ("Common", {"W001"}),
        ("LooksFirst", set()),
        ("collects", {"W002"}),
        ("missing", set()),
    ],
)
def test_middleware(name: str, said_of_it: set[str]) -> None:
    found = said(MIDDLEWARE=[*DJANGO_S, f"{__name__}.{name}"])
    assert found.keys() == said_of_it
    assert all(f"{__name__}.{name} " in message for message in found.values())


def test_gzip() -> None:
    middleware = said(MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"])
    assert middleware == {
        "I001": "django.middleware.gzip.GZipMiddleware is in MIDDLEWARE: it leaves streams alone."
    }
    page = said(ROOT_URLCONF=routes(path("orders", csrf_exempt(gzip_page(HttpResponse)))))
    assert page == {"I001": "The view at 'orders' is a gzip_page: it leaves streams alone."}


def test_a_view_that_encloses_a_variable_that_is_gone() -> None:
    """As that of an `except` clause is at the clause's end."""
    gone = HttpResponse()

    def view(_: Any) -> HttpResponse:
        return gone  # noqa: F821 - as meant

    del gone
    assert said(ROOT_URLCONF=routes(path("report", view))) == {}


def test_a_server_without_asgi_is_for_deployment() -> None:
    assert said(WSGI_APPLICATION="shop.wsgi.application") == {}
    assert said(deploy=True, WSGI_APPLICATION="shop.wsgi.application").keys() == {"W003"}
    both = {"WSGI_APPLICATION": "shop.wsgi.application", "ASGI_APPLICATION": "shop.asgi.application"}
    assert said(deploy=True, **both) == {}


@pytest.mark.parametrize("age", [60, None])
def test_persistent_connections_under_asgi(monkeypatch: pytest.MonkeyPatch, age: int | None) -> None:
    monkeypatch.setattr(
        checks.settings, "DATABASES", {"default": {"ENGINE": POSTGRESQL, "CONN_MAX_AGE": age}}
    )
    assert said() == {}
    assert said(ASGI_APPLICATION="shop.asgi.application").keys() == {"W004"}
    monkeypatch.setattr(checks.settings, "DATABASES", {"default": {"ENGINE": POSTGRESQL, "CONN_MAX_AGE": 0}})
    assert said(ASGI_APPLICATION="shop.asgi.application") == {}


def test_no_server_side_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    for engine, ids in ((POSTGRESQL, {"I002"}), ("django.db.backends.sqlite3", set[str]())):
        database = {"ENGINE": engine, "DISABLE_SERVER_SIDE_CURSORS": True}
        monkeypatch.setattr(checks.settings, "DATABASES", {"default": database})
        assert said().keys() == ids


def test_renderers() -> None:
    assert said(REST_FRAMEWORK={}).keys() == {"I003"}
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "tailrace.django", "tests.django.shop"]
    assert said(REST_FRAMEWORK={}, INSTALLED_APPS=apps) == {}
