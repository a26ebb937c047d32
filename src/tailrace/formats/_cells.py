"""Rows of cells: the members of an object, whatever kind of object it is, or a list."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from tailrace._json import Encode, NotPlain, dumps, unwritable
from tailrace.errors import EncodeError

TakeCells = Callable[[Any], Sequence[Any]]

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def members_of(item: Any) -> Any:
    """The members of an object, as they are written in JSON, by their names; None for what has none."""
    if _is(item, dict) and not hasattr(item, "__missing__"):  # which a look would change
        return item
    if _is(item, Mapping) or (hasattr(item, "keys") and hasattr(item, "__getitem__")):
        return {name: item[name] for name in item.keys()}  # noqa: SIM118 - a row of sqlite3 iterates over its values
    names: Any = getattr(item, "_fields", None)
    if _is(item, tuple) and _is(names, tuple):
        return dict(zip(names, item, strict=True))
    return None if item is None or _is(item, str, bytes, list, tuple, int, float) else _as_in_json(item)


def _is(item: Any, *kinds: type) -> bool:
    return isinstance(item, kinds)


def _as_in_json(item: Any) -> dict[str, Any] | None:
    """Of a model, `Struct`, dataclass or attrs class: by its own names, without what it does not show."""
    try:
        found = _members(dumps(item))
    except msgspec.ValidationError:
        return None
    # What a Struct leaves out, UNSET or a default, is an empty cell.
    names = getattr(item, "__struct_encode_fields__", ())
    if all(name in found for name in names):
        return found
    tag = [name for name in found if name not in names]
    return {name: found.get(name) for name in (*tag, *names)}


def rows_of_objects(kind: type[Any], columns: tuple[str, ...], to_json: Encode, *, exact: bool) -> Encode:
    """What encodes the objects of one kind; where `exact`, each has these members and no others."""
    take, width, members = _taker(columns), len(columns) if exact else 0, None if kind is dict else members_of

    def encode(item: Any) -> bytes:
        if type(item) is not kind:
            raise NotPlain
        found = item if members is None else members(item)
        if width and len(found) != width:
            raise EncodeError(f"expected the columns {_shown(columns)}, got {_shown(found)}")
        try:
            cells = take(found)
        except KeyError as missing:
            raise EncodeError(f"expected the columns {_shown(columns)}, missing {missing}") from None
        try:
            return to_json(cells)
        except Exception as error:
            raise unwritable(error, to_json, item, 0) from error

    return encode


def rows_of_lists(kind: type[Any], columns: tuple[str, ...], to_json: Encode) -> Encode:
    """What encodes lists of one kind."""

    def encode(item: Any) -> bytes:
        if type(item) is not kind:
            raise NotPlain
        if not item:
            raise EncodeError("expected a cell or more, got an empty list")
        if columns and len(item) != len(columns):
            raise EncodeError(f"expected {len(columns)} cells ({_shown(columns)}), got {len(item)}")
        try:
            return to_json(item)
        except Exception as error:
            raise unwritable(error, to_json, item, 0) from error

    return encode


def _shown(names: Any) -> str:
    return ", ".join(map(str, names))


def _taker(names: tuple[str, ...]) -> TakeCells:
    if len(names) == 1:  # a getter of one name gives no tuple
        (name,) = names
        return lambda members: (members[name],)
    return cast("TakeCells", operator.itemgetter(*names))
