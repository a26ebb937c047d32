"""Items as values of a type: what a `Stream[Order]` checks before it writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin, get_type_hints

import msgspec

from tailrace._event import Event
from tailrace.errors import EncodeError

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
    return _by_pydantic(item_type) if is_pydantics(item_type) else _by_msgspec(item_type)


def checked_tree(tree: Any, item_type: Any) -> Any:
    """A document's tree as a value of `item_type`; raises `EncodeError` where it is none.

    Its missing members are taken as they are: pydantic knows them by their annotations, and makes a model of a
    mapping. For all other types it has to be one already.
    """
    if is_pydantics(item_type):
        return _validated(item_type)(tree)
    kind = get_origin(item_type) or item_type
    if kind is not Any and isinstance(kind, type) and not isinstance(tree, kind):
        raise EncodeError(f"expected a {name_of(item_type)}, got {type(tree).__qualname__}", path="$")
    return tree


def is_pydantics(item_type: Any) -> bool:
    """Whether a type, or anything in it, is pydantic's to check."""
    return _holds(item_type, _is_pydantics, {})


def _as_it_is(item: Any) -> Any:
    return item


def _holds(item_type: Any, is_one: Callable[[Any], bool], known: dict[int, Any]) -> bool:
    """Whether a type, or anything that it is made of, is one."""
    if id(item_type) in known:
        return False
    known[id(item_type)] = item_type  # kept, for the id of what is gone comes again
    if is_one(item_type):
        return True
    whole = [get_origin(item_type), getattr(item_type, "__supertype__", None)]
    parts = [*whole, *get_args(item_type), *_member_types(item_type)]
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
    finish = _with_defaults if _holds(item_type, _has_defaults, {}) else _as_it_is

    def converted(item: Any) -> Any:
        value = msgspec.convert(item, item_type, from_attributes=True)
        return value if value is item else finish(value)

    def convert(item: Any) -> Any:
        try:
            try:
                return converted(item)
            except msgspec.ValidationError:
                # A named tuple was taken for an array: perhaps it is meant by its names.
                by_names: Any = getattr(item, "_asdict", None)
                if not isinstance(item, tuple) or by_names is None:
                    raise
                return converted(by_names())
        except msgspec.ValidationError as error:
            reason, path = said_by_msgspec(error, item_type)
            raise EncodeError(reason, path=path) from None

    return convert


def _has_defaults(item_type: Any) -> bool:
    return isinstance(item_type, type) and bool(_defaults(item_type))


def _with_defaults(value: Any) -> Any:
    """The same value, its dataclasses' defaults where they are written from.

    What `msgspec.convert` was not given stays an attribute of the class, and what it encodes are the instance's.
    """
    seen, waiting = {id(value)}, [value]
    while waiting:
        parts = [part for part in _parts(waiting.pop()) if part.__class__ not in _SCALARS]
        waiting += [part for part in parts if id(part) not in seen]
        seen.update(map(id, parts))
    return value


_SCALARS = frozenset({int, float, str, bool, bytes, None.__class__})


def _parts(value: Any) -> Iterable[Any]:
    kind = value.__class__
    if issubclass(kind, dict):
        return cast("Iterable[Any]", value.values())
    if issubclass(kind, list | tuple | set | frozenset):
        return cast("Iterable[Any]", value)
    for name, default in _defaults(kind).items():
        # Not where there is a value elsewhere: in a slot, or behind a descriptor.
        if name not in value.__dict__ and getattr_static(value, name, None) is default:
            value.__dict__[name] = default
    return [getattr(value, name, None) for name in _members(kind)]


@cache
def _members(kind: type[Any]) -> tuple[str, ...]:
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    of_attrs: Any = getattr(kind, "__attrs_attrs__", ())
    return getattr(kind, "__struct_fields__", None) or tuple(field.name for field in of_attrs)


@cache
def _defaults(kind: type[Any]) -> dict[str, Any]:
    """The members of a dataclass that `msgspec.convert` may leave on the class."""
    if getattr(kind, "__dictoffset__", 0) == 0 or not dataclasses.is_dataclass(kind):
        return {}
    fields = dataclasses.fields(kind)
    return {
        field.name: field.default
        for field in fields
        if field.init and field.default is not dataclasses.MISSING
    }


def _by_pydantic(item_type: Any) -> Convert:
    validated = _validated(item_type)
    dump = import_module("pydantic").TypeAdapter(item_type).dump_python

    def convert(item: Any) -> Any:
        # By the type that was asked for: an item of a subclass has members that the reader is not to see.
        return dump(validated(item), mode="json", by_alias=True, warnings=False)

    return convert


@cache
def _validated(item_type: Any) -> Convert:
    pydantic = import_module("pydantic")
    validate = pydantic.TypeAdapter(item_type).validate_python
    # A mapping may have the names of the wire; an ORM's row has the members' own.
    by_name = _by_name(pydantic.VERSION)

    def convert(item: Any) -> Any:
        try:
            return validate(item, from_attributes=True, **({} if isinstance(item, Mapping) else by_name))
        except pydantic.ValidationError as error:
            reason, path = said_by_pydantic(error, item_type)
            raise EncodeError(reason, path=path) from None

    return convert


def _by_name(version: str) -> dict[str, bool]:
    major, minor = map(int, version.split(".")[:2])
    return {"by_name": True, "by_alias": True} if (major, minor) >= _OWN_NAMES else {}


_OWN_NAMES = (2, 11)
"""The pydantic from which on a validation may take a member's own name as well as its alias."""


def said_by_pydantic(error: Any, item_type: Any) -> tuple[str, str | None]:
    """The first thing that is wrong, and its JSON path; without one where it is no JSON."""
    first = error.errors(include_url=False)[0]
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    if first["type"] == "json_invalid":
        return first["msg"], None
    got = "" if first["type"] == "missing" else f", got {type(first['input']).__qualname__}"
    return f"{first['msg']}{got} ({name_of(item_type)})", f"${path}"


def said_by_msgspec(error: msgspec.ValidationError, item_type: Any) -> tuple[str, str | None]:
    """The same of msgspec's error."""
    reason, _, place = str(error).partition(" - at `")
    return f"{reason} ({name_of(item_type)})", place.rstrip("`") or "$"


def name_of(item_type: Any) -> str:
    """What a type is called in an error."""
    return getattr(item_type, "__qualname__", None) or repr(item_type)
