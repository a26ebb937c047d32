"""The one door to JSON (RFC 8259): every format writes and reads its values here."""

from __future__ import annotations

import inspect
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import PurePath
from typing import Any, Final, cast

import msgspec

from tailrace._event import Event, says_nothing
from tailrace.errors import DecodeError, EncodeError, LimitExceeded

ForeignEncoder = Callable[[Any], str | bytes] | type[json.JSONEncoder]
"""Another JSON encoder: a callable that returns a document, or a `json.JSONEncoder` class."""

Encode = Callable[[Any], bytes]
Decode = Callable[[bytes], Any]
"""What makes a value of a JSON text; raises msgspec's errors, or a `DecodeError` with a path."""

_LINE_SEPARATORS: Final = {"\u2028": b"\\u2028", "\u2029": b"\\u2029", "\u0085": b"\\u0085"}
_NONFINITE: Final = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*")|-?Infinity|NaN', re.DOTALL)
"""A string, to be left alone, or what Python's json writes for a float that JSON does not have."""
_DEEPEST_PATH: Final = 64


class NotPlain(Exception):
    """The item is no JSON value as it stands: the encoder must `adapt` to it."""


def unwrap(value: Any, fallback: Callable[[Any], Any] | None = None) -> Any:
    """What msgspec does not know: the encoder's hook; `fallback` is pydantic's for what it does not know."""
    serializer = getattr(value, "__pydantic_serializer__", None)
    if serializer is not None:
        # By alias, as in the schema that pydantic generates and FastAPI publishes.
        return msgspec.Raw(_without_nonfinite(serializer.to_json(value, by_alias=True, fallback=fallback)))
    if isinstance(value, Event):
        if says_nothing(value):
            raise NotPlain("an Event without data inside an item; expected a value")
        return value.data
    if value is None or isinstance(value, bool):  # reached as a member name only
        return {None: "null", True: "true", False: "false"}[value]
    for plain, exact in _EXACTLY:
        if isinstance(value, plain):
            return exact(value)
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - any mapping
    if isinstance(value, _AS_TEXT) or type(value).__name__ == "__proxy__":  # a text that Django translates
        return str(value)
    raise TypeError(f"a value of type {_kind(value)} cannot be written as JSON; {_advice(value)}")


def _advice(value: Any) -> str:
    """What to do about a value that cannot be written."""
    return next(advice for fits, advice in _ADVICE if fits(value))


_ADVICE: Final[list[tuple[Callable[[Any], bool], str]]] = [
    (inspect.isroutine, "call it"),
    (
        lambda value: type(value).__name__ == "Document",
        "a document is no part of another: give its content",
    ),
    (
        lambda value: hasattr(value, "__await__") or hasattr(value, "__aiter__"),
        "it is no item: put the whole into a Document, or await it",
    ),
    (lambda value: hasattr(value, "__next__"), "make it an async generator, or a list"),
    (
        lambda value: hasattr(value, "add_done_callback"),
        "asyncio.wrap_future makes an awaitable of it",
    ),
    (lambda value: hasattr(value, "__iter__"), "make it a list"),
    (
        lambda _: True,
        "give what can, such as a dict, a dataclass or a model, or say how with encoder=",
    ),
]


_EXACTLY: Final[Any] = ((str, str.__str__), (int, int), (float, float))  # str() may be the value itself
_AS_TEXT: Final = (
    PurePath,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)


def _unwrap_inside(value: Any) -> Any:
    if isinstance(value, Event) or hasattr(value, "__pydantic_serializer__"):
        raise NotPlain
    return unwrap(value)


dumps: Final[Encode] = msgspec.json.Encoder(enc_hook=unwrap).encode
"""JSON in UTF-8, by msgspec."""
_plain: Final[Encode] = msgspec.json.Encoder(enc_hook=_unwrap_inside).encode


class ItemEncoder:
    """Writes a stream's items as JSON, in the fastest way that the items so far allow.

    `encode` begins as msgspec's own function, which raises `NotPlain` for what needs more; `adapt` then
    finds the way for that item, and for those like it. What was encoded goes through `seal`, a run at a time.
    """

    def __init__(self, encoder: ForeignEncoder | None) -> None:
        self.dumps: Encode = dumps if encoder is None else foreign(encoder)
        self.encode: Encode = _plain if encoder is None else self.dumps
        self.seal: Callable[[bytes], bytes] = escape_line_separators

    def adapt(self, item: Any) -> bool:
        """Change `encode` so that it can write `item`; False where it can write anything from now on."""
        serializer = getattr(item, "__pydantic_serializer__", None)
        if self.encode is not _plain or serializer is None:
            self.encode = self.dumps
            return False
        self.encode = _model_encoder(item.__class__, serializer.to_json)
        self.seal = _seal_models
        return True


def _model_encoder(kind: type[Any], to_json: Callable[..., bytes]) -> Encode:
    def encode(value: Any) -> bytes:
        return to_json(value, by_alias=True) if type(value) is kind else _plain(value)

    return encode


def check_encoder(encoder: Any) -> Callable[[Any], str | bytes] | None:
    """The callable that a `ForeignEncoder` is; raises `TypeError` where it is none."""
    document: Callable[[Any], str | bytes] | None = None if isinstance(encoder, type) else encoder
    if isinstance(encoder, type) and issubclass(encoder, json.JSONEncoder):
        document = encoder(separators=(",", ":")).encode
    if encoder is None or callable(document):
        return document
    raise TypeError(f"encoder={encoder!r}: expected a callable or a json.JSONEncoder class")


def foreign(encoder: ForeignEncoder) -> Encode:
    """What another encoder writes, as one line of JSON."""
    document: Any = check_encoder(encoder)
    if isinstance(getattr(document, "__self__", None), msgspec.json.Encoder):
        return cast("Encode", document)  # it writes one line, and no number that JSON does not have

    def encode(value: Any) -> bytes:
        text: Any = document(unwrap(value) if isinstance(value, Event) else value)
        if isinstance(text, str):
            text = text.encode()
        if not isinstance(text, bytes):
            raise TypeError(f"encoder= returned a {_kind(text)}; expected a str or bytes")
        if not text.strip():
            raise TypeError("encoder= returned nothing; expected a JSON text")
        json_text = _without_nonfinite(text)
        # A line end in JSON is white space between tokens, and would end a record or a field.
        return json_text.replace(b"\r", b"").replace(b"\n", b"")

    return encode


def _without_nonfinite(text: bytes) -> bytes:
    """JSON text in which NaN and the infinities, which JSON does not have, are null."""
    # Not `in`, which takes bytes for a number first.
    if text.find(b"NaN") < 0 and text.find(b"Infinity") < 0:
        return text
    return _NONFINITE.sub(lambda found: found[1] or b"null", text)


def escape_line_separators(text: bytes) -> bytes:
    """JSON text without raw U+2028, U+2029 and U+0085, which many line readers take for a line's end."""
    if text.isascii():
        return text
    for separator, escaped in _LINE_SEPARATORS.items():
        text = text.replace(separator.encode(), escaped)
    return text


def _seal_models(text: bytes) -> bytes:
    # A model may be configured to write NaN as it is.
    return escape_line_separators(_without_nonfinite(text))


def unwritable(error: Exception, encode: Encode, value: Any, record: int | None = None) -> EncodeError:
    """The `EncodeError` that names the culprit inside `value`, which `encode` could not write."""
    if isinstance(error, EncodeError):
        return EncodeError(error.reason, record=record, path=error.path)
    path, culprit = "$", value
    for _ in range(1 if isinstance(error, RecursionError) else _DEEPEST_PATH):
        inner = _failing_child(encode, culprit)
        if inner is None:
            break
        path, culprit = path + inner[0], inner[1]
        if isinstance(culprit, Name):
            break
    if isinstance(error, RecursionError):
        reason = "nested too deeply for JSON, or contains itself"
    else:
        where = f"a value of type {_kind(culprit)}"
        if isinstance(culprit, Name):
            where = f"the name of a member, of type {_kind(next(iter(culprit)))}"
        reason = str(error) if _kind(culprit) in str(error) else f"{error} (in {where})"
    return EncodeError(reason, record=record, path=path)


def _kind(value: object) -> str:
    return type(value).__qualname__


def _failing_child(encode: Encode, value: Any) -> tuple[str, Any] | None:
    try:
        return next(((step, child) for step, child in children(value) if _fails(encode, child)), None)
    except Exception:  # noqa: BLE001 - what cannot be looked into is the culprit itself
        return None


def _fails(encode: Encode, value: Any) -> bool:
    try:
        encode(value)
    except NotPlain:
        return False
    except Exception:  # noqa: BLE001 - whatever the user's encoder raises means just this
        return True
    return False


def children(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value is made of, each with its step of a JSON path; a name of a member as a `Name`."""
    fields = _field_names(value)
    if isinstance(value, Event):
        yield "", value.data
    elif isinstance(value, Mapping):
        for key, member in value.items():  # pyright: ignore[reportUnknownVariableType] - any mapping
            yield f".{key}" if isinstance(key, str) else f"[{key!r}]", member
            yield f" (the member name {key!r})", Name({key: None})
    elif isinstance(value, list | tuple | set | frozenset):
        for index, element in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - any
            yield f"[{index}]", element
    else:
        for name in fields:
            yield f".{name}", getattr(value, name, None)
        extra = getattr(value, "__pydantic_extra__", None)
        if isinstance(extra, dict):  # of a class it is something else
            for name, member in cast("dict[str, Any]", extra).items():
                yield f".{name}", member


class Name(dict[Any, None]):
    """The name of a member, as an object that has no other."""


def _field_names(value: object) -> list[str]:
    kind = type(value)
    attributes: tuple[Any, ...] = getattr(kind, "__attrs_attrs__", ())
    if attributes:
        return [attribute.name for attribute in attributes]
    tables = ("__struct_fields__", "__dataclass_fields__", "__pydantic_fields__")
    return [name for table in tables for name in getattr(kind, table, ())]


def decode(
    text: bytes,
    *,
    depth: int,
    record: int,
    offset: int,
    by: Decode = msgspec.json.decode,
) -> Any:
    """The value of one JSON text that starts at byte `offset` of the body, as the decoder `by` has it."""
    if text.count(b"[") + text.count(b"{") > depth and _depth(text) > depth:
        raise LimitExceeded(f"nested deeper than {depth} levels (Limits.depth)", record=record, offset=offset)
    try:
        return by(text)
    except RecursionError:
        raise LimitExceeded("nested deeper than this Python can read", record=record, offset=offset) from None
    except DecodeError as error:
        raise DecodeError(error.reason, record=record, offset=offset, path=error.path) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(str(error), record=record, offset=offset) from None


_ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)
_STRING: Final = re.compile(rb'"[^"]*"?')
_NEITHER_BRACKET_NOR_QUOTE: Final = bytes(sorted(set(range(256)) - set(b'[]{}"')))
_LEVELS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def _depth(text: bytes) -> int:
    """The levels of brackets, those in strings left out."""
    if b"\\" in text:
        text = _ESCAPE.sub(b"", text)
    # Of most strings only their quotes are left, and then nothing.
    quoted = text.translate(None, _NEITHER_BRACKET_NOR_QUOTE).replace(b'""', b"")
    return max(accumulate(map(_LEVELS.__getitem__, _STRING.sub(b"", quoted))), default=0)
