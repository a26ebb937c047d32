"""System checks: what in a project keeps streams from being what they are elsewhere, and what to change.

docs/django-checks.md has them in a table.
"""

from __future__ import annotations

import importlib
from contextlib import suppress
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning, register  # noqa: A004 - its name
from django.middleware.gzip import GZipMiddleware
from django.urls import get_resolver
from django.utils.module_loading import import_string

from tailrace.django._settings import read
from tailrace.django._sources import collects_the_body, reads_content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TAG: Final = "tailrace"


@register(TAG)
def check_settings(**_given: Any) -> list[CheckMessage]:
    """E001: the setting `TAILRACE`."""
    _, wrong = read(getattr(settings, "TAILRACE", None))
    hint = 'As in TAILRACE = {"FORMATS": ["ndjson", "csv"], "DELIVERY": {"keep_alive": 10.0}}.'
    return [Error(f"{one}.", hint=hint, id="tailrace.E001") for one in wrong]


@register(TAG)
def check_handlers(**_given: Any) -> list[CheckMessage]:
    """E002: async handlers that REST framework does not await."""
    if not apps.is_installed("rest_framework"):
        return []
    plain: Any = importlib.import_module("rest_framework.views").APIView
    found: set[tuple[Any, str]] = {
        (kind, name)
        for _, view in _views()
        if (kind := _class_of(view, plain)) is not None
        for name in _handlers(view, kind)
        if _is_async(getattr(kind, name, None))
    }
    return [
        Error(
            f"{kind.__module__}.{kind.__name__}.{name} is async, and REST framework's own views do not await: "
            "it answers 500.",
            hint="Make it a view of adrf or of restflow, or its handler a plain def: the source may be async in both.",
            obj=kind,
            id="tailrace.E002",
        )
        for kind, name in sorted(found, key=repr)
    ]


@register(TAG)
def check_middleware(**_given: Any) -> list[CheckMessage]:
    """W001, W002, I001: middleware that wants the whole body."""
    found: list[CheckMessage] = []
    for path in settings.MIDDLEWARE:
        try:
            middleware: Any = import_string(path)
        except ImportError:
            continue  # Django says so itself
        if isinstance(middleware, type) and issubclass(middleware, GZipMiddleware):
            found.append(_gzip(f"{path} is in MIDDLEWARE"))
        elif collects_the_body(middleware):
            hint = "Have it pass on what has `response.streaming`, or take it out: it holds each stream to its end."
            found.append(Warning(f"{path} collects the body of a stream.", hint=hint, id="tailrace.W002"))
        elif reads_content(middleware):
            hint = "Have it pass on what has `response.streaming`: such a response has no `content`, so that it raises."
            found.append(Warning(f"{path} reads response.content.", hint=hint, id="tailrace.W001"))
    found += [
        _gzip(f"The view at {route!r} is a gzip_page") for route, view in _views() if _is_gzip_page(view)
    ]
    return found


@register(TAG, deploy=True)
def check_server(**_given: Any) -> list[CheckMessage]:
    """W003: endless streams under WSGI."""
    if not getattr(settings, "WSGI_APPLICATION", None) or _is_asgi():
        return []
    return [
        Warning(
            "The project has a WSGI_APPLICATION only: each stream holds a thread of the server as long as it lasts.",
            hint="Serve streams that do not end under ASGI, and name it in ASGI_APPLICATION; or give the server a "
            "thread for each, as in gunicorn --threads, and bound them by Delivery(max_duration=...).",
            id="tailrace.W003",
        )
    ]


@register(TAG)
def check_databases(**_given: Any) -> list[CheckMessage]:
    """W004, I002: connections that outlive a request, and cursors that must not outlive a transaction."""
    found: list[CheckMessage] = []
    for alias, database in settings.DATABASES.items():
        if _is_asgi() and database.get("CONN_MAX_AGE", 0) != 0:
            found.append(
                Warning(
                    f"DATABASES[{alias!r}] has a CONN_MAX_AGE, and the project an ASGI_APPLICATION: there each "
                    "request has a thread of its own, whose connection stays open and is not used again.",
                    hint='Set CONN_MAX_AGE to 0, and use a pool: "OPTIONS": {"pool": True} on PostgreSQL.',
                    id="tailrace.W004",
                )
            )
        if database.get("DISABLE_SERVER_SIDE_CURSORS") and "postg" in database.get("ENGINE", ""):
            found.append(
                Info(
                    f"DATABASES[{alias!r}] has DISABLE_SERVER_SIDE_CURSORS: a streamed queryset is read within a "
                    "transaction as long as the stream, so that it need not be in memory.",
                    hint="from_queryset(..., keyset=True) needs none: it asks for each batch by primary key.",
                    id="tailrace.I002",
                )
            )
    return found


@register(TAG)
def check_renderers(**_given: Any) -> list[CheckMessage]:
    """I003: views of REST framework that no EventSource can read."""
    if not apps.is_installed("rest_framework"):
        return []
    renderers: Sequence[Any] = importlib.import_module(
        "rest_framework.settings"
    ).api_settings.DEFAULT_RENDERER_CLASSES
    if any(getattr(renderer, "media_type", None) == "text/event-stream" for renderer in renderers):
        return []
    return [
        Info(
            "REST framework is installed, and no renderer of its DEFAULT_RENDERER_CLASSES is for text/event-stream: "
            "an EventSource gets 406.",
            hint='Add "tailrace.drf.EventStreamRenderer", or set the renderer_classes of the views that stream.',
            id="tailrace.I003",
        )
    ]


def _is_asgi() -> bool:
    return bool(getattr(settings, "ASGI_APPLICATION", None))


def _gzip(what: str) -> CheckMessage:
    return Info(
        f"{what}: it leaves streams alone.",
        hint='They are compressed by TAILRACE = {"DELIVERY": {"compression": ["zstd", "gzip"]}}.',
        id="tailrace.I001",
    )


def _views() -> Iterator[tuple[str, Any]]:
    """Every view of the URLconf, with the route to it."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return
    waiting: list[tuple[str, Any]] = [("", get_resolver())]
    while waiting:
        route, resolver = waiting.pop()
        for pattern in resolver.url_patterns:
            longer = f"{route}{pattern.pattern}"
            if hasattr(pattern, "url_patterns"):
                waiting.append((longer, pattern))
            else:
                yield longer, pattern.callback


def _class_of(view: Any, plain: Any) -> Any:
    """The class of a view of REST framework's that has its own `dispatch`; None of another."""
    kind = getattr(view, "cls", None)
    is_one = isinstance(kind, type) and issubclass(kind, plain)
    return kind if is_one and getattr(kind, "dispatch", None) is plain.dispatch else None


def _handlers(view: Any, kind: Any) -> list[str]:
    actions: dict[str, str] = getattr(view, "actions", None) or {}  # of a viewset
    return list(actions.values()) or [name.lower() for name in kind.http_method_names]


def _is_async(handler: Any) -> bool:
    # `api_view` wraps the function into a handler that is not async itself.
    return any(map(iscoroutinefunction, (handler, *_enclosed(handler))))


def _is_gzip_page(view: Any) -> bool:
    while view is not None:
        hooks = _enclosed(view)  # of the decorator, which enclose the middleware
        if any(isinstance(one, GZipMiddleware) for hook in hooks for one in _enclosed(hook)):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def _enclosed(function: Any) -> list[Any]:
    found: list[Any] = []
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # it is empty: of a variable that is gone, such as an `except` clause's
            found.append(cell.cell_contents)
    return found
