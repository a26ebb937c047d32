"""Django REST framework's JSON renderer, which has the whole list in memory, and its whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from bench.peers.django_site import count_of, served

# What stands below needs Django set up, as the imports above leave it.
# isort: split
from rest_framework.generics import ListAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from bench.peers.django_models import COLUMNS, StoredRow, stored, stored_dicts
from bench.peers.rows import sync_rows

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class _View(APIView):
    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (JSONRenderer,)


class _Rows(_View):
    def get(self, request: Request) -> Response:
        return Response(list(sync_rows(count_of(request))))


class _StoredDicts(_View):
    def get(self, request: Request) -> Response:
        return Response(list(stored_dicts(request)))


class _Serializer(ModelSerializer[StoredRow]):
    class Meta:
        model = StoredRow
        fields = COLUMNS


class _Stored(_View, ListAPIView[StoredRow]):
    serializer_class = _Serializer

    def get_queryset(self) -> QuerySet[StoredRow]:
        return stored(self.request)


urlpatterns = [
    path("rows", _Rows.as_view()),
    path("stored-dicts", _StoredDicts.as_view()),
    path("stored", _Stored.as_view()),
]
asgi, wsgi = served(__name__)
