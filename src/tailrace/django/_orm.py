"""What Django's ORM says under private names only: each is asked for here, and nowhere else."""

from __future__ import annotations

from typing import Any


def meta_of(model: Any) -> Any:
    """A model's options, whose API is documented."""
    return model._meta  # noqa: SLF001 - so are they called


def kind_of(queryset: Any) -> Any:
    """What makes the items of a queryset's rows."""
    return queryset._iterable_class  # noqa: SLF001 - as said


def prefetched(queryset: Any) -> Any:
    """What was given to `prefetch_related`."""
    return queryset._prefetch_related_lookups  # noqa: SLF001 - as said
