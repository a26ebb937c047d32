"""What comes, as values of a type: what a reader that names one gets."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from tailrace._json import dumps
from tailrace._validate import is_pydantics, name_of, said_by_msgspec, said_by_pydantic
from tailrace.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace._json import Decode


@cache
def decoder_of(item_type: Any) -> Decode:
    """What makes a value of a type of one JSON text; raises `DecodeError` with the path of what is wrong in it.

    Straight from the text, so that no number is rounded on the way. Raises `TypeError` for what is no type.
    """
    if item_type is Any:
        return msgspec.json.decode
    if is_pydantics(item_type):
        return _telling(_adapter(item_type).validate_json, item_type)
    return _telling(msgspec.json.Decoder(item_type).decode, item_type)


@cache
def converter_of(item_type: Any, *, text: bool = False) -> Callable[[Any], Any]:
    """What makes a value of a type of one that was read without; with `text`, of one whose members are all text."""
    if item_type is Any:
        return _as_it_is
    if is_pydantics(item_type):
        return _telling(_adapter(item_type).validate_python, item_type)
    msgspec.json.Decoder(item_type)  # raises `TypeError` for what it does not know

    def convert(value: Any) -> Any:
        return msgspec.convert(value, item_type, strict=not text, str_keys=True)

    return _telling(convert, item_type)


@cache
def recoder_of(item_type: Any) -> Callable[[Any], Any]:
    """What makes a value of a type of one that came as JSON, as `decoder_of` makes it of the text.

    By writing it again: a type may be strict with what Python has and take what JSON has, such as a time's text.
    """
    if item_type is Any:
        return _as_it_is
    make = decoder_of(item_type)

    def recode(value: Any) -> Any:
        try:
            text = dumps(value)
        except UnicodeEncodeError as error:  # half a surrogate pair
            raise DecodeError(f"{error} ({name_of(item_type)})", path="$") from None
        return make(text)

    return recode


def _as_it_is(value: Any) -> Any:
    return value


def _adapter(item_type: Any) -> Any:
    return import_module("pydantic").TypeAdapter(item_type)


def _telling(make: Callable[[Any], Any], item_type: Any) -> Callable[[Any], Any]:
    """The same, whose errors say what is wrong and where."""
    of_pydantic = is_pydantics(item_type)
    wrong: Any = import_module("pydantic").ValidationError if of_pydantic else msgspec.ValidationError
    said: Callable[[Any, Any], tuple[str, str | None]] = said_by_pydantic if of_pydantic else said_by_msgspec

    def told(value: Any) -> Any:
        try:
            return make(value)
        except wrong as error:
            reason, path = said(error, item_type)
            raise DecodeError(reason, path=path) from None

    return told
