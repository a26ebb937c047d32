"""A queryset by primary key: each batch is a query of its own, which begins behind the last row of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import F
from django.db.models.query import QuerySet

from tailrace.django._columns import KEY, needs_instances
from tailrace.django._orm import meta_of
from tailrace.django._rows import batch_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models.sql import Query

    from tailrace.django._rows import Batches


def check_keyset(queryset: object) -> None:
    """Raise `ValueError` for a queryset whose batches would not be its rows, or not in its order."""
    wrong = _what_is_wrong(queryset)
    if wrong:
        raise ValueError(f"from_queryset(keyset=True): {wrong}, or leave keyset=True out")


def keyset_batches(
    queryset: QuerySet[Any, Any],
    chunk_size: int,
    read: Callable[[QuerySet[Any, Any]], tuple[list[Any], Any]] = batch_of,
) -> Batches:
    """The items of a queryset by primary key, in lists of `chunk_size`, between which nothing is held.

    `read` makes the items of one batch, and says the key of the last.
    """
    backwards = _is_backwards(queryset.query)
    queryset = queryset.order_by("-pk" if backwards else "pk")
    if not queryset.query.standard_ordering:
        queryset = queryset.reverse()  # that of a reverse() outlives its order
    if not needs_instances(queryset):
        queryset = queryset.annotate(**{KEY: F("pk")})
    begins_behind, batch = "pk__lt" if backwards else "pk__gt", queryset
    while True:
        items, last = read(batch[:chunk_size])
        if items:
            yield items
        if len(items) < chunk_size:
            return
        batch = queryset.filter(**{begins_behind: last})


def _what_is_wrong(queryset: object) -> str:
    if not isinstance(queryset, QuerySet):
        return "raw() decides its order itself; expected a QuerySet such as Order.objects.all()"
    return next((wrong for is_wrong, wrong in _WRONG if is_wrong(queryset.query)), "")


def _is_ordered_otherwise(query: Query) -> bool:
    # By Meta.ordering, of which nothing was said here, it may be.
    key: Any = query.get_meta().pk
    names = {"pk", key.attname}
    if not (key.is_relation and meta_of(key.related_model).ordering):  # which it means then
        names.add(key.name)
    by_key = [(f"{sign}{name}",) for sign in ("", "-") for name in names]
    return bool(query.extra_order_by) or tuple(query.order_by) not in [(), *by_key]


def _is_backwards(query: Query) -> bool:
    return any(str(name).startswith("-") for name in query.order_by) == query.standard_ordering


def _repeats_rows(query: Query) -> bool:
    joins: Any = [join for alias, join in query.alias_map.items() if query.alias_refcount[alias]]
    fields = [join.join_field for join in joins if getattr(join, "join_field", None)]
    return query.group_by is None and any(field.one_to_many or field.many_to_many for field in fields)


def _counts_rows(query: Query) -> bool:
    expressions: Any = [*query.annotations.values(), query.where]
    return any(expression.contains_over_clause for expression in expressions)


_WRONG: Final[tuple[tuple[Callable[[Any], Any], str], ...]] = (
    (
        lambda query: query.combinator,
        "the queryset is a union() or the like; stream its parts one after the other",
    ),
    (lambda query: query.is_sliced, "the queryset is sliced; filter by a range of primary keys instead"),
    (lambda query: query.distinct, "the queryset is distinct(); filter by Exists(...) what it repeats for"),
    (_is_ordered_otherwise, "the queryset has an order of its own; make it order_by('pk')"),
    (lambda query: len(query.get_meta().pk_fields) > 1, "the primary key is composite"),
    (lambda query: isinstance(query.group_by, tuple), "the queryset groups rows; annotate models instead"),
    (_repeats_rows, "the queryset joins to many, which repeats rows; filter by Exists(...) instead"),
    (_counts_rows, "a window function would begin anew in each batch"),
)
