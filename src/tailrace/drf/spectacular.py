"""What drf-spectacular says of streams, by `"DEFAULT_SCHEMA_CLASS": "tailrace.drf.spectacular.AutoSchema"`.

Beside an AutoSchema of your own, `ItemSchemas` comes first: `class Schema(ItemSchemas, RestflowAutoSchema)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from drf_spectacular import openapi
from drf_spectacular.settings import spectacular_settings

from tailrace.drf._mixin import StreamMixin
from tailrace.drf._renderers import StreamRenderer, essence

if TYPE_CHECKING:
    from collections.abc import Callable

    Schema = dict[str, Any]
    _Base = openapi.AutoSchema
else:
    _Base = object

_ITEM_SCHEMA: Final = (3, 2)
"""The version of OpenAPI that has `itemSchema`."""
_LOWEST_ERROR: Final = 400


class ItemSchemas(_Base):
    """Describes the items of a response for each media type that a `StreamRenderer` writes.

    With OpenAPI 3.2 by `itemSchema`. Before that there is no word for it: the schema of lines and of events is the
    item's, and its description says that there are many. Of JSON it is the array's, or the page's, in every version.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation, with what `AutoSchema` says of streams put right."""
        operation = super().get_operation(*args, **kwargs)
        streamed = {
            str(one.media_type) for one in self.view.get_renderers() if isinstance(one, StreamRenderer)
        }
        for status, response in (operation or {}).get("responses", {}).items():
            content = response.get("content")
            if content is None:
                continue
            if status.isdecimal() and int(status) >= _LOWEST_ERROR:
                response["content"] = _without(content, streamed)
                continue
            for name, body in content.items():
                kind = essence(name)  # versioning by media type adds a parameter
                if kind in streamed and kind != _JSON:
                    content[name] = self._of_items(kind, body["schema"])
        return operation

    def _is_list_view(self, serializer: Any = None) -> bool:
        if isinstance(self.view, StreamMixin) and self.method == "GET":
            action = getattr(self.view, "action", None)
            if action in {None, "list", "alist"}:
                return True
        base: Any = super()
        return bool(base._is_list_view(serializer))  # noqa: SLF001 - what is extended

    def _of_items(self, kind: str, schema: Schema) -> Schema:
        item = self._item(schema)
        version = tuple(map(int, spectacular_settings.OAS_VERSION.split(".")[:2]))
        in_words, by_item = _KINDS.get(kind, _RECORDS)
        return by_item(item) if version >= _ITEM_SCHEMA else in_words(item)

    def _item(self, schema: Schema) -> Schema:
        """The schema of an item where `schema` is that of an array, or of a page of them."""
        if schema.get("type") == "array":
            return cast("Schema", schema.get("items", {}))
        results = self._referred(schema).get("properties", {}).get("results", {})
        if getattr(self.view, "pagination_class", None) and results.get("type") == "array":
            return cast("Schema", results["items"])
        return schema

    def _referred(self, schema: Schema) -> Schema:
        _, found, name = schema.get("$ref", "").rpartition("/")
        registry: Any = self.registry
        return cast("Schema", registry[name, "schemas"].schema) if found else schema


class AutoSchema(ItemSchemas, openapi.AutoSchema):
    """drf-spectacular's, which also knows the items of streams."""


_JSON: Final = "application/json"


def _without(content: Schema, streamed: set[str]) -> Schema:
    """Errors, which are JSON whatever was asked for."""
    kept = {name: body for name, body in content.items() if essence(name) not in streamed}
    if len(kept) < len(content):
        kept[_JSON] = next((body for name, body in content.items() if essence(name) == _JSON), None) or next(
            iter(content.values())
        )
    return kept


def _described(schema: Schema, description: str) -> Schema:
    # Beside a `$ref` nothing else counts in OpenAPI 3.0.
    inner = {"allOf": [schema]} if "$ref" in schema else schema
    return {**inner, "description": description}


def _record(item: Schema) -> Schema:
    return {"schema": _described(item, "One of the records that the body consists of.")}


def _records(item: Schema) -> Schema:
    return {"itemSchema": item}


def _event(item: Schema) -> Schema:
    return {"schema": _described(item, "The data of one of the events that the body consists of, as JSON.")}


def _events(item: Schema) -> Schema:
    members = {
        "data": {"type": "string", "contentMediaType": _JSON, "contentSchema": item},
        "event": {"type": "string"},
        "id": {"type": "string"},
        "retry": {"type": "integer", "minimum": 0},
    }
    return {"itemSchema": {"type": "object", "required": ["data"], "properties": members}}


def _table(item: Schema) -> Schema:
    del item  # no version of OpenAPI has a model of CSV
    return {
        "schema": {"type": "string", "description": "A row for each item; the first row names the columns."}
    }


def _growing(item: Schema) -> Schema:
    description = "The list that the body's records make when they have all come."
    return {"schema": {"type": "array", "items": item, "description": description}}


_RECORDS: Final = (_record, _records)
_KINDS: Final[dict[str, tuple[Callable[[Schema], Schema], Callable[[Schema], Schema]]]] = {
    "text/event-stream": (_event, _events),
    "text/csv": (_table, _table),
    "text/tab-separated-values": (_table, _table),
    "application/x-progressive-json": (_growing, _growing),
}
"""How to describe a media type's items: in words, and where there is `itemSchema`."""
