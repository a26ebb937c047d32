"""`Stream[Order]`: a class that knows the type of its items."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tailrace._validate import converter

if TYPE_CHECKING:
    import typing_extensions

    T = typing_extensions.TypeVar("T", default=Any)

    class Typed(Generic[T]):
        item_type: Any
else:

    class Typed:
        """What `Stream[Order]` is made with: a class, for frameworks look for one behind `->`."""

        item_type: Any = None

        def __class_getitem__(cls, item_type: Any) -> type:
            return cls if isinstance(item_type, TypeVar) else _of(cls, item_type)

    @cache
    def _of(kind: type, item_type: Any) -> type:
        converter(item_type)
        name = f"{kind.__qualname__}[{getattr(item_type, '__qualname__', item_type)}]"
        return type(name, (kind,), {"__module__": kind.__module__, "item_type": item_type})

    T = TypeVar("T")
