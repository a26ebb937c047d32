"""The expression that makes items of rows: one for the columns of a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.db.models import Model
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
)

from tailrace.django._orm import kind_of, meta_of, prefetched

if TYPE_CHECKING:
    from django.db.models.query import QuerySet
    from django.db.models.sql import Query
    from django.db.models.sql.compiler import SQLCompiler

Build: TypeAlias = Callable[[Iterable[Any]], list[Any]]

KEY: Final = "tailrace_key"
"""An annotation that stands behind all other columns, and in no item."""

_VALUES: Final = {ValuesIterable, ValuesListIterable, NamedValuesListIterable, FlatValuesListIterable}


def needs_instances(queryset: QuerySet[Any, Any]) -> bool:
    """Whether the rows have to become models first: what is prefetched needs them, and what others have made."""
    kind = kind_of(queryset)
    if kind in _VALUES:
        return False
    own = getattr(queryset.model.from_db, "__func__", None) is not getattr(Model.from_db, "__func__", None)
    return kind is not ModelIterable or bool(prefetched(queryset)) or own


def build_of(queryset: QuerySet[Any, Any], compiler: SQLCompiler) -> Build:
    """What makes the items of a queryset that needs no instances; its query has been compiled."""
    width = len(compiler.select[: compiler.col_count])
    kind = kind_of(queryset)
    if kind is ModelIterable:
        annotations = dict(compiler.annotation_col_map or {})
        return _compiled(width, _model(compiler.klass_info, compiler.select, annotations))
    if kind is ValuesIterable or kind is NamedValuesListIterable:
        return dicts(_names(queryset.query), width)
    places = range(width - (KEY in queryset.query.annotations))
    return _compiled(width, "a0" if kind is FlatValuesListIterable else _list(map(_column, places)))


def dicts(names: Sequence[str], width: int | None = None) -> Build:
    """What makes dicts of rows, of which the first columns have these names."""
    return _compiled(width or len(names), _dict((name, _column(place)) for place, name in enumerate(names)))


def _names(query: Query) -> list[str]:
    if query.selected:
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


def _model(info: dict[str, Any], select: Sequence[Any], annotations: dict[str, int]) -> str:
    """The dict of a model, with those of its related ones within."""
    members = [(name, _column(place)) for name, place in _fields(info, select).items()]
    for related in info.get("related_klass_infos", ()):
        key = _fields(related, select)[meta_of(related["model"]).pk_fields[0].attname]
        nested = _model(related, select, {})
        members.append((_relation(related), f"None if {_column(key)} is None else {nested}"))
    members += [(name, _column(place)) for name, place in annotations.items()]
    return _dict(members)


def _fields(info: dict[str, Any], select: Sequence[Any]) -> dict[str, int]:
    """The columns of a model's loaded fields."""
    places = {select[place][0].target.attname: place for place in info["select_fields"]}
    if not info.get("from_parent"):
        return places
    names = [field.attname for field in meta_of(info["model"]).concrete_fields]
    return {name: places[name] for name in names if name in places}


def _relation(info: dict[str, Any]) -> str:
    """The attribute under which a model has a related one."""
    field, remote_setter = info["field"], info["remote_setter"]
    if isinstance(remote_setter, partial):  # of a FilteredRelation, which has a name of its own
        return str(remote_setter.args[0])
    return str(field.remote_field.get_accessor_name() if info["reverse"] else field.name)


def _column(place: int) -> str:
    return f"a{place}"


def _dict(members: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{str(name)!r}: {value}" for name, value in members if name != KEY) + "}"


def _list(members: Iterable[str]) -> str:
    return "[" + ", ".join(members) + "]"


@lru_cache(maxsize=256)
def _compiled(width: int, item: str) -> Build:
    row = "".join(f"{_column(place)}, " for place in range(width))
    build: Build = eval(f"lambda rows: [{item} for {row} in rows]", {})  # noqa: S307 - of names in quotes, and columns by number
    return build
