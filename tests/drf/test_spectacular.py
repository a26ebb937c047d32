"""What drf-spectacular says of streams, in each version of OpenAPI that it writes."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from django.test import override_settings
from django.urls import path
from drf_spectacular import openapi
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.validation import validate_schema
from rest_framework import renderers, serializers, versioning
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.views import APIView
from restflow.spectacular import RestflowAutoSchema

from tailrace.drf.spectacular import ItemSchemas
from tests.drf import async_views, views

VERSIONS = ["3.0.3", "3.1.0", "3.2.0"]
LINES = ["application/x-ndjson", "application/jsonl", "application/ndjson", "application/json-seq"]
ORDER = {"$ref": "#/components/schemas/Order"}


class RestflowSchema(ItemSchemas, RestflowAutoSchema):
    """restflow's, which also knows the items of streams."""


class Error(serializers.Serializer[Any]):
    detail = serializers.CharField()


# drf-spectacular takes the setting both when a view is decorated and when it is described.
OURS = {"DEFAULT_SCHEMA_CLASS": "tailrace.drf.spectacular.AutoSchema"}


class RestflowOrders(async_views.RestflowOrders):
    schema = RestflowSchema()


class Versioned(views.Orders):
    versioning_class = versioning.AcceptHeaderVersioning


with override_settings(REST_FRAMEWORK=OURS):

    class Detail(APIView):
        renderer_classes = views.ALL

        @extend_schema(responses={200: views.OrderSerializer, 404: Error})
        def get(self, request: Any) -> Any:
            raise NotImplementedError

    class Elsewhere(APIView):
        """A view that has nothing of tailrace's, with a media type that tailrace's have."""

        class CSV(renderers.BaseRenderer):
            media_type = "text/csv"
            format = "csv"

        renderer_classes = (CSV,)

        @extend_schema(responses=views.OrderSerializer(many=True))
        def get(self, request: Any) -> Any:
            raise NotImplementedError

    @extend_schema(responses=views.OrderSerializer(many=True))
    @api_view(["GET"])
    @renderer_classes(views.ALL)
    def function(request: Any) -> Any:
        raise NotImplementedError


class Plain(views.Orders):
    """The control."""

    schema = openapi.AutoSchema()


class RestflowSet(async_views.RestflowViewSet):
    schema = RestflowSchema()


VIEWS: dict[str, Any] = {
    "orders": views.Orders.as_view(),
    "paged": views.PagedOrders.as_view(),
    "stock-paged": views.StockPagedOrders.as_view(),
    "set": views.OrderViewSet.as_view({"get": "list"}),
    "adrf": async_views.AdrfOrders.as_view(),
    "restflow": RestflowOrders.as_view(),
    "restflow-set": RestflowSet.as_view({"get": "list"}),
    "function": function,
    "detail": Detail.as_view(),
    "elsewhere": Elsewhere.as_view(),
    "plain": Plain.as_view(),
    "versioned": Versioned.as_view(),
}


@cache
def document(version: str) -> Any:
    """What is said of all these, which is valid."""
    patterns = [path(name, view) for name, view in VIEWS.items()]
    with override_settings(REST_FRAMEWORK=OURS), patched_settings({"OAS_VERSION": version}):
        said = SchemaGenerator(patterns=patterns, api_version="v2").get_schema(request=None, public=True)
        validate_schema(said)
    assert said["openapi"] == version
    return said


def content(view: str, status: str = "200", version: str = "3.2.0") -> Any:
    return document(version)["paths"][f"/{view}"]["get"]["responses"][status]["content"]


@pytest.mark.parametrize("view", ["orders", "paged", "stock-paged", "adrf", "restflow", "function"])
def test_in_3_2_each_item_has_its_schema(view: str) -> None:
    said = content(view)
    for media_type in LINES:
        assert said[media_type] == {"itemSchema": ORDER}
    event = said["text/event-stream"]["itemSchema"]["properties"]
    assert event["data"]["contentSchema"] == ORDER
    assert list(said["text/csv"]) == ["schema"]
    assert said["text/csv"]["schema"]["type"] == "string"
    assert said["application/x-progressive-json"]["schema"]["items"] == ORDER


@pytest.mark.parametrize("version", VERSIONS[:2])
@pytest.mark.parametrize("view", ["orders", "paged", "adrf", "restflow", "function"])
def test_before_that_the_schema_is_an_items_and_says_that_there_are_many(view: str, version: str) -> None:
    said = content(view, version=version)
    for media_type in [*LINES, "text/event-stream"]:
        schema = said[media_type]["schema"]
        assert schema["allOf"] == [ORDER]
        assert "that the body consists of" in schema["description"]
    assert said["application/x-progressive-json"]["schema"]["items"] == ORDER


@pytest.mark.parametrize("version", VERSIONS)
def test_json_is_described_as_without_tailrace(version: str) -> None:
    for view in ("orders", "adrf", "restflow", "function"):
        json = content(view, version=version)["application/json"]
        assert json == {"schema": {"type": "array", "items": ORDER}}
    page = content("paged", version=version)["application/json"]
    assert page == {"schema": {"$ref": "#/components/schemas/PaginatedOrderList"}}


def test_errors_are_json_and_one_object_is_one_item() -> None:
    assert content("detail", "404") == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
    }
    assert content("detail")["application/x-ndjson"] == {"itemSchema": ORDER}
    assert content("detail")["application/json"] == {"schema": ORDER}


def test_renderers_of_others_are_left_alone() -> None:
    assert content("elsewhere") == {"text/csv": {"schema": {"type": "array", "items": ORDER}}}


def test_a_version_in_the_media_type() -> None:
    said = content("versioned")
    assert said["application/x-ndjson; version=v2"] == {"itemSchema": ORDER}


def test_item_schema_stands_in_no_older_document() -> None:
    assert "itemSchema" in str(document("3.2.0"))
    assert "itemSchema" not in str(document("3.1.0"))
    assert "itemSchema" not in str(document("3.0.3"))


def test_drf_spectacular_by_itself_says_that_lines_are_an_array() -> None:
    assert content("plain")["application/x-ndjson"] == {"schema": {"type": "array", "items": ORDER}}


@pytest.mark.parametrize("view", ["orders", "set"])
def test_the_description_of_a_view_is_its_own(view: str) -> None:
    assert "description" not in document("3.2.0")["paths"][f"/{view}"]["get"]


def test_a_restflow_viewset_too() -> None:
    assert content("restflow-set")["application/x-ndjson"] == {
        "itemSchema": {"$ref": "#/components/schemas/Typed"}
    }
