"""A serializer for each item, made once for all of them."""

from __future__ import annotations

from contextlib import closing
from inspect import iscoroutinefunction
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, cast

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.db.models.query import RawQuerySet
from rest_framework.serializers import BaseSerializer, ListSerializer, SerializerMethodField

from tailrace._event import Event, says_nothing
from tailrace._source import content_of
from tailrace.django._connections import borrowed
from tailrace.django._keyset import keyset_batches
from tailrace.django._queryset import Rows, rows_of
from tailrace.django._rows import instances_of, routed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

    from tailrace.django._rows import Batches

    Represent = Callable[[Any], Any]
    Serializer: TypeAlias = type[BaseSerializer[Any]] | BaseSerializer[Any] | Represent

_FRAMEWORKS: Final = ("adrf.", "restflow.")
"""Whose own `ato_representation` gives what `to_representation` gives."""


def serialized(content: Any, serializer: Serializer, context: dict[str, Any]) -> Any:
    """The items of `content`, each as the serializer represents it; the data of an `Event` alike.

    Raises `TypeError` for content that is no items, and for what is no serializer.
    """
    represent = _represent(serializer, context)
    waits = iscoroutinefunction(represent)
    items: Any = rows_of(content)
    if _is(items, Rows):
        items = _instances(items)
    if hasattr(items, "__aiter__") and (waits or not hasattr(items, "__iter__")):
        return _Awaited(items, represent) if waits else EachAsync(items, represent)
    if not hasattr(items, "__iter__") or _is(items, _NO_ITEMS):
        raise TypeError(f"serializer= is for items: expected an iterable, async or not, got {_name(items)}")
    if waits:
        raise TypeError(
            f"serializer={serializer!r} is async: expected a QuerySet or an async iterable, got {_name(items)}"
        )
    return Each(items, represent)


_NO_ITEMS: Final = (str, bytes, dict)


def _is(value: Any, kind: Any) -> bool:
    """The same as `isinstance`, which would make something half known of a value of any type."""
    return isinstance(value, kind)


def _name(value: Any) -> str:
    kind: Any = value.__class__
    return str(kind.__qualname__)


def _represent(serializer: Any, context: dict[str, Any]) -> Represent:
    if _is_serializer_class(serializer):
        return _represent(serializer(many=True, context=context), context)  # as a list view makes it
    if _is(serializer, ListSerializer):
        whole: Any = ListSerializer
        if serializer.__class__.to_representation is not whole.to_representation:
            raise ImproperlyConfigured(
                f"{_name(serializer)}.to_representation needs all items at once, and a stream has them one by one: "
                "give a serializer without that list_serializer_class, or filter the queryset"
            )
        return _represent(serializer.child, context)
    if not _is(serializer, BaseSerializer):
        if not callable(serializer):
            raise TypeError(
                f"serializer={serializer!r}: expected a serializer class or a function of an item"
            )
        return cast("Represent", serializer)
    if _is_async(serializer) and hasattr(serializer, "ato_representation"):
        return cast("Represent", serializer.ato_representation)
    return cast("Represent", serializer.to_representation)


def _is_serializer_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseSerializer)


def _is_async(field: Any) -> bool:
    """Whether a serializer, or a field in it, has to be awaited."""
    if iscoroutinefunction(field.to_representation):
        return True
    method = getattr(field.__class__, "ato_representation", None)
    if method is not None and not method.__module__.startswith(_FRAMEWORKS):
        return True
    if _is(field, SerializerMethodField):
        return iscoroutinefunction(getattr(field.parent, field.method_name, None))
    child = getattr(field, "child", None)
    inner = [*getattr(field, "fields", {}).values(), *([] if child is None else [child])]
    return any(map(_is_async, inner))


def _of(represent: Represent, item: Any) -> Any:
    if isinstance(item, Event):
        return item if says_nothing(item) else item.with_data(represent(item.data))
    return represent(item)


class Each:
    """The items of a sync iterable, represented in the thread that reads them."""

    def __init__(self, items: Iterable[Any], represent: Represent) -> None:
        self._items = items
        self._represent = represent
        self._iterator: Iterator[Any] | None = None

    def __iter__(self) -> Self:
        self._iterator = iter(self._items)
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            self._iterator = iter(self._items)
        return _of(self._represent, next(self._iterator))

    def close(self) -> None:
        """Close the items: also those that nobody has asked for."""
        close = getattr(self._iterator or self._items, "close", None)
        if close is not None and hasattr(self._iterator or self._items, "__next__"):
            close()


class EachAsync:
    """The items of an async iterable, represented in its loop."""

    def __init__(self, items: AsyncIterable[Any], represent: Represent) -> None:
        self._items = items
        self._represent = represent
        self._iterator: AsyncIterator[Any] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return _of(self._represent, await self._next())

    async def _next(self) -> Any:
        if self._iterator is None:
            self._iterator = aiter(self._items)
        return await anext(self._iterator)

    async def aclose(self) -> None:
        """Close the items: also those that nobody has asked for."""
        source: Any = self._iterator or self._items
        if hasattr(source, "__anext__") and hasattr(source, "aclose"):
            await source.aclose()


class _Awaited(EachAsync):
    """The same with a serializer that is awaited."""

    async def __anext__(self) -> Any:
        item = await self._next()
        if isinstance(item, Event):
            return item if says_nothing(item) else item.with_data(await self._represent(item.data))
        return await self._represent(item)


class _Instances(Rows):
    """The rows of a queryset as a serializer takes them: as Django makes them."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        queryset: Any = self._queryset
        if _is(queryset, RawQuerySet):
            yield from queryset.iterator()
        elif self._batches is keyset_batches:
            yield from super().__iter__()
        else:
            with closing(instances_of(queryset, self._chunk_size)) as rows:
                yield from rows

    def batches(self) -> Batches:
        """The rows in lists; closing it closes the cursor."""
        queryset: Any = self._queryset
        if self._batches is keyset_batches:
            yield from keyset_batches(queryset, self._chunk_size, _models)
        else:
            rows = iter(self)
            while batch := list(islice(rows, self._chunk_size)):
                yield batch


def _models(queryset: QuerySet[Any, Any]) -> tuple[list[Any], Any]:
    queryset = routed(queryset)
    with borrowed(queryset.db):
        models = list(queryset)
    if models and not _is(models[-1], Model):
        raise TypeError("serializer=: expected from_queryset(keyset=True) of models, not of values()")
    return models, models[-1].pk if models else None


def _instances(rows: Any) -> Rows:
    by_key = rows._batches is keyset_batches  # noqa: SLF001 - the class's own subclass
    return _Instances(rows._queryset, rows._chunk_size, by_key=by_key)  # noqa: SLF001 - as above


def first(most: int, content: Any) -> Any:
    """At most so many items of `content`. Raises `TypeError` for content that is no items."""
    content = content_of(rows_of(content))
    return _First(most, content) if hasattr(content, "__iter__") else _FirstAsync(most, content)


class _First(Each):
    def __init__(self, most: int, items: Iterable[Any]) -> None:
        super().__init__(items, _itself)
        self._left = most

    def __next__(self) -> Any:
        if not self._left:
            raise StopIteration
        self._left -= 1
        return super().__next__()


class _FirstAsync(EachAsync):
    def __init__(self, most: int, items: AsyncIterable[Any]) -> None:
        super().__init__(items, _itself)
        self._left = most

    async def __anext__(self) -> Any:
        if not self._left:
            raise StopAsyncIteration
        self._left -= 1
        return await super().__anext__()


def _itself(item: Any) -> Any:
    return item
