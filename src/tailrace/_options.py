"""What a stream may be told: the formats that it is offered in, and all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from tailrace._compress import check_codings
from tailrace._holes import Document
from tailrace._model import Delivery
from tailrace._negotiate import Offer
from tailrace.formats import CSV, JSON, NDJSON, DocumentFormat, EventStream, Format, JSONSeq, Progressive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tailrace._finish import OnFinish
    from tailrace._json import ForeignEncoder
    from tailrace._source import Content

FORMATS: Final = Offer(
    JSON(), NDJSON(), EventStream(), JSONSeq(), CSV(), Progressive(version=1), Progressive()
)
"""What a stream is offered in unless `formats` says otherwise; the first is the default."""

_DOCUMENT_FORMATS: Final = Offer(JSON(), Progressive(version=1), Progressive(), EventStream())
"""The same for a document, of which events say less than records: who takes both gets those."""


class Options(TypedDict, total=False):
    """What every framework's `Stream` takes by name, as `asgi.Stream` does."""

    formats: Iterable[Format]
    encoder: ForeignEncoder | None
    delivery: Delivery
    on_finish: OnFinish | None
    filename: str | None


def offer_of(formats: Iterable[Format], content: Content) -> Offer:
    """The formats that content is offered in; raises `TypeError` where one cannot write it."""
    if not isinstance(content, Document):
        return Offer.of(formats)
    if formats is FORMATS:
        return _DOCUMENT_FORMATS
    offer = Offer.of(formats)
    for one in offer:
        if not isinstance(one, DocumentFormat):
            raise TypeError(
                f"formats: {one!r} writes items, and this is a document; expected some of "
                + ", ".join(f"{name!r}" for name in _DOCUMENT_FORMATS)
            )
    return offer


def document_formats(formats: Iterable[Format]) -> Iterable[Format]:
    """Those of a default that is for items as well which can write a document; events last, as above."""
    if formats is FORMATS:
        return formats
    able = [one for one in formats if isinstance(one, DocumentFormat)]
    able.sort(key=lambda one: isinstance(one, EventStream))
    return Offer(*able, query=getattr(formats, "query", None))


def check_options(status_code: Any, delivery: Any, on_finish: Any) -> None:
    """Raise `TypeError` or `ValueError` for what is none of these."""
    if (
        not isinstance(status_code, int)
        or status_code not in range(200, 600)
        or status_code in {204, 205, 304}
    ):
        raise ValueError(
            f"status_code={status_code!r}: expected the status of a response with a body, 200 to 599"
        )
    if not isinstance(delivery, Delivery):
        raise TypeError(f"delivery={delivery!r}: expected a Delivery")
    check_codings(delivery.compression)
    if on_finish is not None and not callable(on_finish):
        raise TypeError(f"on_finish={on_finish!r}: expected a function that takes an Outcome")
