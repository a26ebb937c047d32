"""Reading streams without an event loop, and without a thread of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from tailrace._model import Limits
from tailrace._reading.progress import Change
from tailrace._resume import Resume
from tailrace.client._handle import Handle
from tailrace.client._news import Closed, Gap, News, Opened, Reconnecting
from tailrace.client._sync import Connection

if TYPE_CHECKING:
    from typing import Unpack

    from tailrace._holes import Document
    from tailrace.client._news import OnNews
    from tailrace.client._request import RequestOptions
    from tailrace.formats import Format

    class Options(RequestOptions, total=False):
        """All that `connect` takes by name."""

        format: Format | None
        resume: Resume | bool
        limits: Limits
        last_event_id: str | None
        on_news: OnNews | None


__all__ = [
    "Change",
    "Closed",
    "Connection",
    "Gap",
    "Handle",
    "News",
    "Opened",
    "Reconnecting",
    "Resume",
    "connect",
]

T = TypeVar("T")


@overload
def connect(url: str, type: None = None, **options: Unpack[Options]) -> Connection[Any]: ...
@overload
def connect(url: str, type: type[Document], **options: Unpack[Options]) -> Connection[Any]: ...
@overload
def connect(url: str, type: type[T], **options: Unpack[Options]) -> Connection[T]: ...
@overload
def connect(url: str, type: Any, **options: Unpack[Options]) -> Connection[Any]: ...
def connect(
    url: str,
    type: Any = None,  # noqa: A002 - the word for it
    *,
    format: Format | None = None,  # noqa: A002 - the word for it
    resume: Resume | bool = True,
    limits: Limits = Limits(),
    last_event_id: str | None = None,
    on_news: OnNews | None = None,
    **request: Unpack[RequestOptions],
) -> Connection[Any]:
    """Read a stream; nothing happens before it is entered (`with`) or iterated over.

    The response's Content-Type decides what it is: items (lines of JSON, an array, a sequence, events, rows of CSV,
    pieces of text or bytes) or a document (progressive JSON, or JSON that is no array). `type` is what each item is
    made: a class that msgspec or pydantic knows, `Event` for the events themselves, or `Document` for what is to
    be read as one whatever it comes in. `format` overrules the Content-Type, and is what is asked for.

    `resume`: how it comes back when the connection is lost, as `Resume` has it; False: not at all. Events go on behind
    the last one; anything else is only tried again before it has begun. `last_event_id`: where to begin.
    `on_news` is called with `Opened`, `Reconnecting`, `Gap` and `Closed`.

    `request`: `method`, `headers`, `params`, `content`, `json`, `data`, `auth`, and `client`, the
    `httpx2.Client` to send it with. `headers` and `params` may be functions, which are called for every connection,
    and once more at a 401.

    Raises `StreamFailed` with the problem that the server has, in a status or in the body; `Truncated` where the body
    has no end; `DecodeError` for what breaks its format or is not of the type; `LimitExceeded`; `ConnectionLost`.
    """
    return Connection(
        url,
        Any if type is None else type,
        request,
        format=format,
        resume=resume,
        limits=limits,
        last_event_id=last_event_id,
        on_news=on_news,
    )
