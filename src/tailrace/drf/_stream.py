"""`stream`: what a view of Django REST framework returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, cast

from rest_framework import renderers
from rest_framework.exceptions import NotAcceptable

from tailrace._finish import closed_at_once
from tailrace._holes import Document, is_tree
from tailrace._tree import missing
from tailrace.django._settings import defaults
from tailrace.django._stream import asked, check_names, made, respond
from tailrace.drf._errors import ViewResponse, view_of
from tailrace.drf._gathered import Gathered, head
from tailrace.drf._json import dumps
from tailrace.drf._renderers import StreamRenderer, essence
from tailrace.drf._serialize import serialized
from tailrace.formats import JSON, DocumentFormat, Format

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rest_framework.request import Request

    from tailrace._options import Options
    from tailrace._source import Given
    from tailrace.drf._serialize import Serializer


def stream(
    request: Request,
    content: Given,
    *,
    serializer: Serializer | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **options: Unpack[Options],
) -> ViewResponse | Gathered:
    """A response whose body is written while its items come, in the format that the view's renderers were asked for.

    `content` is as in `tailrace.django.stream`. `serializer` is a serializer class, or a function of an item: each
    item is represented by itself, in the thread or the loop where it comes, by one serializer for all. A queryset
    with one is read as instances. `formats` are formats of this response that replace the renderers' of the same
    name, as in `formats=[CSV("id", "total")]`; `encoder`, `delivery`, `on_finish` and `filename` are as elsewhere.

    An error before the first item is the view's, as if its handler had raised it: its exception handler answers it,
    in the format that was asked for. What that leaves alone is answered as in `tailrace.django.stream`.

    REST framework's own `JSONRenderer` streams too, in its own encoding. A renderer of whole values, such as one for
    XML, gets up to 10,000 items that come within 10 s, or it is not acceptable (406); the browsable API shows the
    first 100 of 2 s.

    Raises `TypeError` for a request that is no view's, and for content or a serializer that is none.
    """
    view = view_of(request)
    check_names(options)
    items: Any = content if serializer is None else serialized(content, serializer, _context(view, request))
    own = list(options.pop("formats", ()))
    encoder = options.pop("encoder", None)
    given: dict[str, Any] = {"encoder": encoder or defaults()["encoder"] or dumps, **options}
    chosen = _representation(request, own)
    if chosen is None:
        respond_whole = head if request.method == "HEAD" else Gathered
        return respond_whole(request, items, status, headers, given)
    if encoder is None and not isinstance(_renderer(request), StreamRenderer):
        given["encoder"] = _encoder_of(_renderer(request))
    if isinstance(items, Document) or is_tree(items):
        if not isinstance(chosen[0], DocumentFormat):
            for part in missing(items.content if isinstance(items, Document) else items):
                closed_at_once(part)
            raise NotAcceptable(f"this is a document, and {chosen[1]} has items only")
        given["formats"] = [chosen[0]]
    else:
        given["formats"] = [chosen[0], *_others(view, own, chosen[0])]
    http: Any = request._request  # noqa: SLF001 - Django's, which the framework's is around
    streamed = made(items, status, headers, None, cast("Options", given))
    response = respond(streamed, streamed.plan(asked(http), chosen), http, ViewResponse)
    response.of = request
    return response


def _renderer(request: Request) -> Any:
    return request.accepted_renderer


def _representation(request: Request, own: Sequence[Format]) -> tuple[Format, str] | None:
    """The format that was chosen, and its media type; None where the renderer writes whole values."""
    renderer = _renderer(request)
    if not isinstance(renderer, StreamRenderer):
        plain: Any = renderers.JSONRenderer
        # One that renders in another way may put the whole into an envelope.
        return (JSON(), renderer.media_type) if renderer.__class__.render is plain.render else None
    format_, media_type = renderer.representation(request.accepted_media_type)
    named = [(one, spelled) for one in own if one.name == format_.name for spelled in one.media_types]
    exact = [pair for pair in named if pair[1] == media_type]
    alike = [pair for pair in named if essence(pair[1]) == essence(media_type)]
    return (exact or alike or named or [(format_, media_type)])[0]


def _encoder_of(renderer: Any) -> Callable[[Any], bytes]:
    """REST framework's own JSON."""

    def encode(value: Any) -> bytes:
        return b"null" if value is None else cast("bytes", renderer.render(value, None, {}))

    return encode


def _others(view: Any, own: Sequence[Format], chosen: Format) -> list[Format]:
    """What else the view's renderers write."""
    found = [one.writes for one in view.get_renderers() if isinstance(one, StreamRenderer)]
    named = {one.name: one for one in [*found, *own]}
    return [one for name, one in named.items() if name != chosen.name]


def _context(view: Any, request: Request) -> dict[str, Any]:
    """What a serializer of that view's has for its context."""
    for name in ("get_serializer_context", "get_context"):  # REST framework's, restflow's
        if hasattr(view, name):
            return cast("dict[str, Any]", getattr(view, name)())
    return {"request": request, "format": getattr(view, "format_kwarg", None), "view": view}
