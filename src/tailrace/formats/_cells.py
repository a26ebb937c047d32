"""Rows of cells: the members of an object, whatever kind of object it is, or a list."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tailrace._errors import EncodeError
from tailrace._json import Encode, NotPlain

TakeCells = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Members:
    """The members of an object and of all of its kind: their names, and how to take some of them."""

    names: tuple[str, ...]
    take: Callable[[tuple[str, ...]], TakeCells]
    sized: bool = False
    """Whether `len` counts the members, of which each object may have its own."""


def members_of(item: Any) -> Members | None:
    """The members of a mapping, model, `Struct`, dataclass, attrs class or named tuple; None for all else."""
    serializer = getattr(item, "__pydantic_serializer__", None)
    if serializer is not None:
        return _of_model(item, serializer.to_python)
    if hasattr(item, "keys") and hasattr(item, "__getitem__"):  # a row of sqlite3 is no Mapping
        return Members(tuple(item.keys()), _items, sized=True)
    attributes = _attributes(type(item))
    if not attributes:
        return None
    return Members(tuple(attributes), lambda names: _several(operator.attrgetter, _known(names, attributes)))


def _of_model(item: Any, to_python: Callable[..., Any]) -> Members:
    # As pydantic writes it, and by alias, as in every other format.
    def members(model: Any) -> Any:
        return to_python(model, mode="json", by_alias=True)

    def take(names: tuple[str, ...]) -> TakeCells:
        items = _items(names)
        return lambda model: items(members(model))

    return Members(tuple(members(item)), take)


def _attributes(kind: Any) -> dict[str, str]:
    """What the members are called when they are written, and in Python."""
    if hasattr(kind, "__struct_fields__"):
        return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    if hasattr(kind, "__attrs_attrs__"):
        return {attribute.name: attribute.name for attribute in kind.__attrs_attrs__}
    return {name: name for name in getattr(kind, "__dataclass_fields__", getattr(kind, "_fields", ()))}


def _known(names: tuple[str, ...], attributes: dict[str, str]) -> tuple[str, ...]:
    missing = [name for name in names if name not in attributes]
    if missing:
        raise EncodeError(f"expected the columns {', '.join(names)}, missing {', '.join(missing)}")
    return tuple(attributes[name] for name in names)


def _items(names: tuple[str, ...]) -> TakeCells:
    return _several(operator.itemgetter, names)


def _several(getter: Callable[..., Callable[[Any], Any]], names: tuple[str, ...]) -> TakeCells:
    if len(names) == 1:  # a getter of one name gives no tuple
        one = getter(*names)
        return lambda item: (one(item),)
    return getter(*names)


def rows_of_objects(
    kind: type[Any], columns: tuple[str, ...], width: int, take: TakeCells, to_json: Encode
) -> Encode:
    """What encodes the objects of one kind; `width`, if there is one, is how many members each must have."""

    def encode(item: Any) -> bytes:
        if type(item) is not kind:
            raise NotPlain
        if width and len(item) != width:
            raise EncodeError(f"expected the columns {', '.join(columns)}, got {', '.join(item.keys())}")
        try:
            return to_json(take(item))
        except (KeyError, IndexError, AttributeError) as missing:
            raise EncodeError(f"expected the columns {', '.join(columns)}, missing {missing}") from None

    return encode


def rows_of_lists(kind: type[Any], columns: tuple[str, ...], to_json: Encode) -> Encode:
    """What encodes lists of one kind."""

    def encode(item: Any) -> bytes:
        if type(item) is not kind:
            raise NotPlain
        if not item:
            raise EncodeError("expected a cell or more, got an empty list")
        if columns and len(item) != len(columns):
            raise EncodeError(f"expected {len(columns)} cells ({', '.join(columns)}), got {len(item)}")
        return to_json(item)

    return encode
