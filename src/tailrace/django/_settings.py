"""The setting `TAILRACE`: what `stream()` takes where a view says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from tailrace._compress import check_codings
from tailrace._json import check_encoder
from tailrace._model import Delivery
from tailrace._negotiate import Offer
from tailrace._options import FORMATS
from tailrace.formats import Bytes, Text

if TYPE_CHECKING:
    from tailrace._json import ForeignEncoder
    from tailrace.formats import Format


class Defaults(TypedDict):
    """What the setting says, by the names of `stream`'s arguments."""

    formats: Iterable[Format]
    encoder: ForeignEncoder | None
    delivery: Delivery


def defaults() -> Defaults:
    """What `TAILRACE` says, with tailrace's own for what it does not say. Raises `ImproperlyConfigured`."""
    given = getattr(settings, "TAILRACE", None)
    if given is not _read.given or _read.result is None:
        # Another object than the last time: the first one, or `override_settings` has put it there.
        found, wrong = read(given)
        if wrong:
            raise ImproperlyConfigured("; ".join(wrong))
        _read.given, _read.result = given, found
    return _read.result


def read(given: Any) -> tuple[Defaults, list[str]]:
    """What the setting says, and what is wrong with it."""
    found: dict[str, Any] = {"formats": FORMATS, "encoder": None, "delivery": Delivery()}
    wrong = list[str]()
    members: Any = {} if given is None else given
    if not isinstance(members, Mapping):
        wrong.append(f"TAILRACE = {given!r}: expected a dict with some of {_listed(_READERS)}")
        members = {}
    for key, value in cast("Mapping[Any, Any]", members).items():
        if key not in _READERS:
            wrong.append(f"TAILRACE[{key!r}]: expected one of {_listed(_READERS)}")
            continue
        try:
            found[key.lower()] = _READERS[key](value)
        except (ImportError, TypeError, ValueError) as error:
            wrong.append(f"TAILRACE[{key!r}] = {value!r}: {error}")
    return cast("Defaults", found), wrong


class _Read:
    """The setting as it was read last."""

    given: Any = None
    result: Defaults | None = None


_read: Final = _Read()


def formats_of(given: Any) -> Offer:
    """Formats that are named, by the dotted paths of others, or themselves.

    Raises `TypeError`, `ValueError` or `ImportError` for what is none.
    """
    if isinstance(given, Offer):
        return given
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(
            f"formats: expected a list of formats such as [{', '.join(map(repr, list(_NAMED)[:2]))}], got {given!r}"
        )
    return Offer(*(format_ for one in cast("Any", given) for format_ in _format(one)))


def _format(given: Any) -> tuple[Format, ...]:
    if not isinstance(given, str):
        return (given,)
    if given in _NAMED:
        return _NAMED[given]
    if "." not in given:
        raise ValueError(
            f"{given!r} is no format; expected {_listed(_NAMED)}, a format, or the dotted path of one"
        )
    found = import_string(given)
    return (found() if isinstance(found, type) else found,)


def _delivery(given: Any) -> Delivery:
    given = _imported(given)
    if isinstance(given, Mapping):
        members: dict[str, Any] = dict(given)  # pyright: ignore[reportUnknownArgumentType] - of anything
        unknown = members.keys() - {one.name for one in fields(Delivery)}
        if unknown:
            expected = _listed(one.name for one in fields(Delivery))
            raise ValueError(f"{_listed(sorted(map(str, unknown)))} is unknown; expected some of {expected}")
        if isinstance(members.get("compression"), list):
            members["compression"] = tuple(members["compression"])
        given = Delivery(**members)
    if not isinstance(given, Delivery):
        raise TypeError("expected a Delivery, a dict of its fields, or the dotted path of one")
    check_codings(given.compression)
    return given


def _encoder(given: Any) -> Any:
    encoder = _imported(given)
    check_encoder(encoder)
    return encoder


def _imported(given: Any) -> Any:
    return import_string(given) if isinstance(given, str) else given


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


_READERS: Final[dict[Any, Callable[[Any], Any]]] = {
    "FORMATS": formats_of,
    "DELIVERY": _delivery,
    "ENCODER": _encoder,
}


def _by_name(*formats: Format) -> dict[str, tuple[Format, ...]]:
    """Formats of one name, which are its versions, stand together."""
    return {one.name: tuple(other for other in formats if other.name == one.name) for one in formats}


_NAMED: Final = _by_name(*FORMATS, Text(), Bytes())
