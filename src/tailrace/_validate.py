"""Items as values of a type: what a `Stream[Order]` checks before it writes."""

from __future__ import annotations

import dataclasses
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast, get_args, get_type_hints

import msgspec

from tailrace._errors import EncodeError
from tailrace._event import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Convert = Callable[[Any], Any]


@cache
def converter(item_type: Any) -> Convert:
    """What makes an item a value of `item_type`, or raises `EncodeError` with the path of what is wrong in it.

    A type with anything of pydantic's in it is pydantic's, and goes out as that type says, also where the item is
    of a kind with more members; all others are msgspec's. `Event` is no type of items, and checks nothing.
    """
    if item_type is Event:
        return _as_it_is
    return _by_pydantic(item_type) if _holds(item_type, _is_pydantics, {}) else _by_msgspec(item_type)


def _as_it_is(item: Any) -> Any:
    return item


def _holds(item_type: Any, is_one: Callable[[Any], bool], known: dict[int, Any]) -> bool:
    """Whether a type, or anything that it is made of, is one."""
    if id(item_type) in known:
        return False
    known[id(item_type)] = item_type  # kept, for the id of what is gone comes again
    if is_one(item_type):
        return True
    parts = [*get_args(item_type), getattr(item_type, "__supertype__", None), *_member_types(item_type)]
    return any(_holds(part, is_one, known) for part in parts)


def _is_pydantics(item_type: Any) -> bool:
    marks = (item_type, *getattr(item_type, "__metadata__", ()))
    return any(hasattr(mark, "__pydantic_validator__") or _is_from_pydantic(mark) for mark in marks)


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
    # A named tuple by its names, where it is not meant to be one: msgspec takes it for an array.
    begin = _as_it_is if _is_tuple(item_type) else _named
    finish = _with_defaults if _holds(item_type, dataclasses.is_dataclass, {}) else _as_it_is

    def convert(item: Any) -> Any:
        try:
            return finish(msgspec.convert(begin(item), item_type, from_attributes=True))
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at `")
            raise EncodeError(f"{reason} ({_name(item_type)})", path=place.rstrip("`") or "$") from None

    return convert


def _is_tuple(item_type: Any) -> bool:
    return isinstance(item_type, type) and issubclass(item_type, tuple)


def _named(item: Any) -> Any:
    return item._asdict() if hasattr(item, "_asdict") else item


def _with_defaults(value: Any) -> Any:
    """The same value, its dataclasses' defaults where they are written from.

    What `msgspec.convert` was not given stays an attribute of the class, and what it encodes are the instance's.
    """
    for part in _parts(value):
        _with_defaults(part)
    return value


def _parts(value: Any) -> Iterable[Any]:
    kind = value.__class__
    if dataclasses.is_dataclass(kind):
        if not hasattr(value, "__dict__"):
            return [getattr(value, field.name) for field in dataclasses.fields(kind)]
        for field in dataclasses.fields(kind):
            if field.default is not dataclasses.MISSING:
                value.__dict__.setdefault(field.name, field.default)
        return list(value.__dict__.values())
    if issubclass(kind, msgspec.Struct):
        return [getattr(value, name) for name in kind.__struct_fields__]
    if issubclass(kind, dict):
        return cast("Iterable[Any]", value.values())
    return value if issubclass(kind, list | tuple | set | frozenset) else ()


def _by_pydantic(item_type: Any) -> Convert:
    pydantic = import_module("pydantic")
    adapter = pydantic.TypeAdapter(item_type)
    dump = adapter.dump_python
    # An ORM's row has the members' own names; a mapping may have those of the wire.
    validate = partial(adapter.validate_python, from_attributes=True, **_by_either_name(pydantic.VERSION))

    def convert(item: Any) -> Any:
        try:
            value = validate(item)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
            got = "" if first["type"] == "missing" else f", got {type(first['input']).__qualname__}"
            raise EncodeError(f"{first['msg']}{got} ({_name(item_type)})", path=f"${path}") from None
        # By the type that was asked for: an item of a subclass has members that the reader is not to see.
        return dump(value, mode="json", by_alias=True, warnings=False)

    return convert


def _by_either_name(version: str) -> dict[str, bool]:
    major, minor = map(int, version.split(".")[:2])
    return {"by_name": True, "by_alias": True} if (major, minor) >= _BOTH_NAMES else {}


_BOTH_NAMES = (2, 11)
"""The pydantic from which on a validation may take a member's own name as well as its alias."""


def _name(item_type: Any) -> str:
    return getattr(item_type, "__qualname__", None) or repr(item_type)
