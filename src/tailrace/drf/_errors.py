"""A response that is a stream, whose errors before the first item are the view's to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync

from tailrace.django._response import StreamResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http.response import HttpResponseBase
    from rest_framework.request import Request


class ViewResponse(StreamResponse):
    """Asks the view what to answer to an error, as if its handler had raised it."""

    of: Request
    """The request that the view has."""

    answers = (Exception,)  # the project's exception handler sees all errors

    def answered(self, error: Exception) -> HttpResponseBase | None:
        """What the view's exception handler says, in the format that was asked for."""
        response = handled(self.of, error)
        if response is None and isinstance(error, StreamResponse.answers):
            raise error
        return response


def handled(request: Request, error: Exception) -> HttpResponseBase | None:
    """The response that the view makes of an error; None where nobody there handles it."""
    view: Any = view_of(request)
    try:
        response = _of(view, "handle_exception")(error)
    except Exception as raised:
        if raised is error:
            return None
        raise
    view.headers = view.default_response_headers  # those of the stream have been used up
    finalized: Any = _of(view, "finalize_response")(request, response, *view.args, **view.kwargs)
    rendered: HttpResponseBase = finalized.render() if hasattr(finalized, "render") else finalized
    return rendered


def _of(view: Any, name: str) -> Callable[..., Any]:
    """A view's method, or its async one, which restflow's views call."""
    awaited = getattr(view, f"a{name}", None)
    return getattr(view, name) if awaited is None else async_to_sync(awaited)


def view_of(request: Request) -> Any:
    """The view whose request it is."""
    context: Any = getattr(request, "parser_context", None) or {}
    view = context.get("view")
    if view is None or not hasattr(request, "accepted_renderer"):
        raise TypeError(
            f"stream: expected the request of a REST framework view, got {type(request).__qualname__}; "
            "for Django's own there is tailrace.django.stream"
        )
    return view
