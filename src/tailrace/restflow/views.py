"""`APIView` of REST framework, whose handlers may be `async def` and whose answers may be streams."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, cast

from asgiref.sync import sync_to_async
from rest_framework import views

from tailrace.drf import EventStreamRenderer, JSONRenderer, NDJSONRenderer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request

__all__ = ["APIView"]


class APIView(views.APIView):
    """REST framework's `APIView`, for handlers that return a stream.

    They may be `async def`, all of a view's or none. What runs before them, authentication, permissions and
    throttles, runs in a thread then, as REST framework wrote it, and its errors are answered as ever.

    A request may ask for what a stream is, as an EventSource asks for `text/event-stream`: REST framework answers that
    with a 406 unless the view has a renderer for it, though no renderer writes these streams. Here every view has
    one. Errors are JSON there.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request; the answer of a view with `async def` handlers has to be awaited."""
        if not self.view_is_async:
            return super().dispatch(request, *args, **kwargs)
        # Django awaits what an asynchronous view returns.
        return cast("HttpResponseBase", self._dispatch(request, *args, **kwargs))

    async def _dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The steps of `APIView.dispatch`, those that may block in a thread."""
        self.args, self.kwargs = args, kwargs
        asked = self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            await sync_to_async(self.initial)(asked, *args, **kwargs)
            response = await self._handled(asked, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - `handle_exception` raises what is not its own again
            response = await sync_to_async(self.handle_exception)(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def _handled(self, asked: Request, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        method = str(asked.method).lower()
        known = method in self.http_method_names
        handler = (
            getattr(self, method, self.http_method_not_allowed) if known else self.http_method_not_allowed
        )
        awaited = handler if iscoroutinefunction(handler) else sync_to_async(handler)
        return awaited(asked, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The response with what the view adds; to HEAD, without a body that nobody reads, and that may have no end."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if request.method == "HEAD" and response.streaming:
            response.streaming_content = _nothing() if hasattr(request, "scope") else ()
        return response

    def get_renderers(self) -> list[BaseRenderer]:
        """The view's own, behind them those for what a stream is."""
        own: list[BaseRenderer] = list(super().get_renderers())
        known = {renderer.media_type for renderer in own}
        return own + [renderer() for renderer in _STREAMS if renderer.media_type not in known]


async def _nothing() -> AsyncIterator[bytes]:
    for piece in tuple[bytes, ...]():
        yield piece


_STREAMS: Final = (JSONRenderer, NDJSONRenderer, EventStreamRenderer)
"""Not one of them writes a stream: they are there for the negotiation, and for what is none."""
