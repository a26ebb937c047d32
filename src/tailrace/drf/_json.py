"""JSON as Django REST framework writes it, by msgspec."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from rest_framework.utils.encoders import JSONEncoder

from tailrace._json import Encode, NotPlain, unwrap

_default: Final = JSONEncoder().default


def _unwrap(value: Any) -> Any:
    try:
        return unwrap(value)
    except NotPlain:
        raise
    except TypeError as error:
        # Text that is translated when it is written, and whatever else the framework knows.
        try:
            return _default(value)
        except TypeError:
            raise error from None


dumps: Final[Encode] = msgspec.json.Encoder(enc_hook=_unwrap, decimal_format="number").encode
"""A value as JSON. A Decimal is a number: those that a serializer wants as text are text by now."""
