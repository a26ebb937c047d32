"""Tailrace on Django, in the ways its users write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from bench.peers.django_models import stored, stored_dicts, stored_lists
from bench.peers.django_site import DEFAULT_MIDDLEWARE, count_of, served
from bench.peers.rows import rows, sync_rows
from tailrace.django import from_queryset, stream

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


async def _async_dicts(request: HttpRequest) -> HttpResponseBase:
    return stream(request, rows(count_of(request)))


def _dicts(request: HttpRequest) -> HttpResponseBase:
    return stream(request, sync_rows(count_of(request)))


async def _stored_async(request: HttpRequest) -> HttpResponseBase:
    return stream(request, from_queryset(stored_dicts(request)))


def _stored(request: HttpRequest) -> HttpResponseBase:
    return stream(request, from_queryset(stored_dicts(request)))


def _stored_lists(request: HttpRequest) -> HttpResponseBase:
    return stream(request, from_queryset(stored_lists(request)))


def _stored_models(request: HttpRequest) -> HttpResponseBase:
    return stream(request, from_queryset(stored(request)))


urlpatterns = [
    path("async", _async_dicts),
    path("sync", _dicts),
    path("stored-async", _stored_async),
    path("stored", _stored),
    path("stored-lists", _stored_lists),
    path("stored-models", _stored_models),
]
asgi, wsgi = served(__name__)
asgi_middleware, wsgi_middleware = served(__name__, DEFAULT_MIDDLEWARE)
