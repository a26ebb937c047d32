"""Items as values of a type: what a `Stream[Order]` checks before it writes."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec

from tailrace._errors import EncodeError
from tailrace._event import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    Convert = Callable[[Any], Any]


@cache
def converter(item_type: Any) -> Convert:
    """What makes an item a value of `item_type`, or raises `EncodeError` with the path of what is wrong in it.

    A type with anything of pydantic's in it is pydantic's, and goes out as that type says, also where the item is
    of a kind with more members; all others are msgspec's. `Event` is no type of items, and checks nothing.
    """
    if item_type is Event:
        return _as_it_is
    return _by_pydantic(item_type) if _is_pydantics(item_type, set()) else _by_msgspec(item_type)


def _as_it_is(item: Any) -> Any:
    return item


def _is_pydantics(item_type: Any, known: set[int]) -> bool:
    if id(item_type) in known:
        return False
    known.add(id(item_type))
    marks = (item_type, *getattr(item_type, "__metadata__", ()))
    if any(hasattr(mark, "__pydantic_validator__") or _is_from_pydantic(mark) for mark in marks):
        return True
    parts = [*get_args(item_type), getattr(item_type, "__supertype__", None), *_member_types(item_type)]
    return any(_is_pydantics(part, known) for part in parts)


def _is_from_pydantic(mark: Any) -> bool:
    """Whether a type, or what annotates one, is of pydantic or of the package that it takes constraints from."""
    for kind in (mark, mark.__class__):
        if (getattr(kind, "__module__", None) or "").partition(".")[0] in _PYDANTICS:
            return True
    return hasattr(mark, "__get_pydantic_core_schema__")


_PYDANTICS = frozenset({"annotated_types", "pydantic", "pydantic_core", "pydantic_extra_types"})


def _member_types(item_type: Any) -> list[Any]:
    if not hasattr(item_type, "__annotations__"):
        return []
    try:
        return list(get_type_hints(item_type, include_extras=True).values())
    except (NameError, TypeError):  # what cannot be resolved here is for whoever checks
        return []


def _by_msgspec(item_type: Any) -> Convert:
    msgspec.inspect.type_info(item_type)  # raises `TypeError` for what it does not know

    def convert(item: Any) -> Any:
        try:
            return msgspec.convert(item, item_type, from_attributes=True)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at `")
            raise EncodeError(f"{reason} ({_name(item_type)})", path=place.rstrip("`") or "$") from None

    return convert


def _by_pydantic(item_type: Any) -> Convert:
    pydantic = import_module("pydantic")
    adapter = pydantic.TypeAdapter(item_type)
    validate, dump = adapter.validate_python, adapter.dump_python

    def convert(item: Any) -> Any:
        try:
            value = validate(item, from_attributes=True)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
            got = "" if first["type"] == "missing" else f", got {type(first['input']).__qualname__}"
            raise EncodeError(f"{first['msg']}{got} ({_name(item_type)})", path=f"${path}") from None
        # By the type that was asked for: an item of a subclass has members that the reader is not to see.
        return dump(value, mode="json", by_alias=True, warnings=False)

    return convert


def _name(item_type: Any) -> str:
    return getattr(item_type, "__qualname__", None) or repr(item_type)
