"""Models as dicts: of what has been loaded, without a query for what has not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.db.models.query import Prefetch

from tailrace.django._orm import meta_of, prefetched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models.query import QuerySet


@dataclass(slots=True)
class Node:
    """What a queryset loads beside its model's own fields: annotations, and related models."""

    annotations: list[str] = field(default_factory=list[str])
    related: dict[str, Node] = field(default_factory=dict[str, "Node"])

    def take(self, other: Node) -> None:
        """Have what another has too."""
        self.annotations += other.annotations
        for name, node in other.related.items():
            self.related.setdefault(name, Node()).take(node)


def node_of(queryset: QuerySet[Any, Any]) -> Node:
    """What a queryset loads."""
    query = queryset.query
    node = Node([*query.extra_select, *query.annotation_select])
    selected: Any = query.select_related
    if selected is True:
        node.take(_required(queryset.model, query.max_depth))
    elif selected:
        node.take(_selected(selected))
    for lookup in prefetched(queryset):
        prefetch: Any = lookup if hasattr(lookup, "prefetch_to") else Prefetch(lookup)
        at = node
        for name in prefetch.prefetch_to.split("__"):
            at = at.related.setdefault(name, Node())
        if prefetch.queryset is not None:
            at.take(node_of(prefetch.queryset))
    return node


def items_of(node: Node, things: Iterable[Any]) -> list[Any]:
    """Models as dicts, tuples as lists, all else as it is."""
    return [_item(node, thing) for thing in things]


def _item(node: Node, thing: Any) -> Any:
    if isinstance(thing, Model):
        return _members(node, thing)
    return list(thing) if isinstance(thing, tuple) else thing  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - of anything


def _members(node: Node, model: Model) -> dict[str, Any]:
    loaded = model.__dict__
    names = [one.attname for one in meta_of(model).concrete_fields]
    members = {name: loaded[name] for name in (*names, *node.annotations) if name in loaded}
    for name, nested in node.related.items():
        related: Any = getattr(model, name, None)
        many: Any = (
            related.all() if hasattr(related, "get_queryset") else related
        )  # all() has been prefetched
        is_one = related is None or isinstance(related, Model)
        members[name] = _item(nested, related) if is_one else items_of(nested, many)
    return members


def _selected(tree: dict[str, Any]) -> Node:
    return Node(related={name: _selected(nested) for name, nested in tree.items()})


def _required(model: type[Model], depth: int) -> Node:
    """What `select_related()` without names follows: the foreign keys that cannot be null."""
    if not depth:
        return Node()
    keys = [one for one in meta_of(model).concrete_fields if one.is_relation and not one.null]
    return Node(related={one.name: _required(one.related_model, depth - 1) for one in keys})
