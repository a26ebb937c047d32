"""Items as values of a type: what a `Stream[Order]` checks before it writes."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from tailrace._errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    Convert = Callable[[Any], Any]


@cache
def converter(item_type: Any) -> Convert:
    """What makes an item a value of `item_type`, or raises `EncodeError` with the path of what is wrong in it.

    pydantic's own types are pydantic's; all others are msgspec's, which takes what has the members as
    well. A value that is of the type already is taken as it is.
    """
    return _by_pydantic(item_type) if _is_pydantics(item_type) else _by_msgspec(item_type)


def _is_pydantics(item_type: Any) -> bool:
    return hasattr(item_type, "__pydantic_validator__") or any(map(_is_pydantics, get_args(item_type)))


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
    validate = pydantic.TypeAdapter(item_type).validate_python

    def convert(item: Any) -> Any:
        try:
            return validate(item, from_attributes=True)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
            got = "" if first["type"] == "missing" else f", got {type(first['input']).__qualname__}"
            raise EncodeError(f"{first['msg']}{got} ({_name(item_type)})", path=f"${path}") from None

    return convert


def _name(item_type: Any) -> str:
    return getattr(item_type, "__qualname__", None) or repr(item_type)
