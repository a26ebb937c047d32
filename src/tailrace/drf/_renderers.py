"""What Django REST framework's negotiation chooses between: a renderer for each media type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from rest_framework import renderers
from rest_framework.utils.serializer_helpers import ReturnDict

from tailrace._media import media_type as parsed
from tailrace._media import parse_accept
from tailrace.drf._json import dumps
from tailrace.drf._links import link_field
from tailrace.errors import EncodeError, InvalidAccept, Unfit
from tailrace.formats import CSV, JSON, NDJSON, EventStream, Format, JSONSeq, Progressive, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.response import Response

_LOWEST_ERROR: Final = 400


class _NoItems(bytes):
    """A body without a byte, which the framework would take for none, and leave its Content-Type off."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


_NO_ITEMS: Final = _NoItems()


def essence(media_type: str) -> str:
    """Its type and subtype, without parameters."""
    one = parsed(media_type)
    return f"{one.type}/{one.subtype}"


class StreamRenderer(renderers.BaseRenderer):
    """Writes a stream's items in the format `writes`, and whole values in the same way.

    A subclass that sets `writes` has its media type, and its name for `?format=`, unless it says others:

        class OrdersCSV(CSVRenderer):
            writes = CSV("id", "total", bom=True)

    The data of a plain `Response` are its items where they are a list, or the page of a paginator, whose links
    then are in a Link field (RFC 8288); anything else is one item. An error is JSON in every format: its status is
    what a reader goes by, and CSV has no room for it.
    """

    writes: ClassVar[Format]
    charset = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take the media type and the name from the format."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "writes" in own:
            # Without parameters: the framework would want them in the Accept field, too.
            cls.media_type = own.get("media_type", essence(cls.writes.media_types[0]))
            cls.format = own.get("format", cls.writes.name)

    def representation(self, accepted: str | None) -> tuple[Format, str]:
        """The format, and its media type as it is sent, for what the framework has taken from the Accept field."""
        del accepted
        spelled = [one for one in self.writes.media_types if essence(one) == self.media_type]
        return self.writes, (spelled or self.writes.media_types)[0]

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The bytes of a whole value."""
        context = renderer_context or {}
        response = cast("Response | None", context.get("response"))
        if data is None:
            return b""
        if response is not None and response.status_code >= _LOWEST_ERROR:
            return _in_json(data, response)
        format_, media_type = self.representation(accepted_media_type)
        try:
            body = self._whole(format_, data, context)
        except EncodeError as error:
            if response is None or not isinstance(error.__cause__, Unfit):
                raise
            response.status_code = 406
            return _in_json({"detail": f"not available as {media_type}: {error.reason}"}, response)
        _say(response, media_type)
        return body or _NO_ITEMS

    def _whole(self, format_: Format, data: Any, context: Mapping[str, Any]) -> bytes:
        return encode(format_, _items(data, context), encoder=dumps)


class JSONRenderer(renderers.JSONRenderer, StreamRenderer):
    """One JSON array of a stream's items; whole values as Django REST framework writes them."""

    writes = JSON()


class NDJSONRenderer(StreamRenderer):
    """A line of JSON for each item."""

    writes = NDJSON()


class JSONLinesRenderer(NDJSONRenderer):
    """The same by its other name."""

    media_type = "application/jsonl"
    format = "jsonl"


class _NDJSONRenderer(NDJSONRenderer):
    media_type = "application/ndjson"


class EventStreamRenderer(StreamRenderer):
    """An event for each item: what `EventSource` asks for."""

    writes = EventStream()

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The bytes of a whole value; nothing for an `EventSource` that has seen its end and comes back."""
        request = (renderer_context or {}).get("request")
        response = (renderer_context or {}).get("response")
        if request is not None and response is not None and response.status_code < _LOWEST_ERROR:
            seen = self.writes.encoder().terminal_id
            if request.headers.get("Last-Event-ID") == seen:
                response.status_code = 204  # which is what tells it to stop (WHATWG HTML 9.2.3)
                return b""
        return super().render(data, accepted_media_type, renderer_context)


class JSONSeqRenderer(StreamRenderer):
    """A JSON text sequence (RFC 7464)."""

    writes = JSONSeq()


class CSVRenderer(StreamRenderer):
    """A row for each item, which has to be an object; the first one names the columns."""

    writes = CSV()


class ProgressiveRenderer(StreamRenderer):
    """Progressive JSON: version 2 where the Accept field says `v=2`, else what DripDrop documents."""

    writes = Progressive(version=1)
    _second: ClassVar[Format] = Progressive(version=2)

    def representation(self, accepted: str | None) -> tuple[Format, str]:
        """Each version has a media type of its own, which differ in a parameter."""
        try:
            asked = parse_accept(accepted or "")
        except InvalidAccept:
            asked = []
        if any(one.parameters.get("v") == "2" for one in asked):
            return self._second, self._second.media_types[0]
        return super().representation(accepted)


RENDERERS: Final[tuple[type[renderers.BaseRenderer], ...]] = (
    JSONRenderer,
    NDJSONRenderer,
    JSONLinesRenderer,
    _NDJSONRenderer,
    EventStreamRenderer,
    JSONSeqRenderer,
    CSVRenderer,
    ProgressiveRenderer,
)
"""For a view's `renderer_classes`, or for all: `"DEFAULT_RENDERER_CLASSES": "tailrace.drf.RENDERERS"`."""

BROWSABLE_RENDERERS: Final = (*RENDERERS, renderers.BrowsableAPIRenderer)
"""The same with the framework's pages for browsers."""


def _in_json(data: Any, response: Response) -> bytes:
    _say(response, "application/json")
    body: bytes = renderers.JSONRenderer().render(data)
    return body


def _say(response: Response | None, media_type: str) -> None:
    # What the view says is the view's word.
    if response is not None and response.content_type is None:
        response["Content-Type"] = media_type


def _items(data: Any, context: Mapping[str, Any]) -> list[Any]:
    page = _page(data, context.get("view"))
    if page is not None:
        response = context.get("response")
        links = link_field(data)
        if response is not None and links:
            response["Link"] = ", ".join(filter(None, [response.get("Link"), links]))
        return page
    if isinstance(data, str | bytes | dict) or not hasattr(data, "__iter__"):
        return [data]
    return list(data)


def _page(data: Any, view: Any) -> list[Any] | None:
    """The items in a paginator's envelope; None for what is none."""
    # What a serializer has made is an object, whatever its members are called.
    if not isinstance(data, dict) or isinstance(data, ReturnDict):
        return None
    paginator = getattr(view, "paginator", None) or getattr(view, "pagination_class", None)
    if isinstance(paginator, type):
        paginator = paginator()
    if paginator is None:
        return None
    try:
        results: Any = paginator.get_results(data)
    except (KeyError, TypeError, AttributeError):
        return None
    return cast("Any", results) if isinstance(results, list) else None
