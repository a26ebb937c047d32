"""A stream for a renderer that writes whole values: what comes of it in a while, in one piece."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec
from asgiref.sync import sync_to_async
from rest_framework import renderers
from rest_framework.exceptions import NotAcceptable
from rest_framework.response import Response

from tailrace._ferry import Unfinished
from tailrace._finish import SENT_AWAY
from tailrace._holes import Document, is_tree
from tailrace._model import Limits, Problem
from tailrace._pulled import Pulled
from tailrace._streamed import Whole
from tailrace.django._settings import defaults
from tailrace.django._stream import asked, made, respond
from tailrace.drf._errors import ViewResponse, handled
from tailrace.drf._serialize import first
from tailrace.errors import StreamFailed
from tailrace.formats import JSON, NDJSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse
    from rest_framework.request import Request

    from tailrace._model import Delivery
    from tailrace._options import Options


class _Bounds(NamedTuple):
    items: int
    seconds: float


_PAGE: Final = _Bounds(100, 2.0)
"""What a page for a person shows."""
_WHOLE: Final = _Bounds(10_000, 10.0)
"""What a renderer of whole values is given."""


class Gathered(Response):
    """REST framework's own response, whose data are gathered when it is rendered."""

    def __init__(
        self,
        request: Request,
        content: Any,
        status: int,
        headers: Mapping[str, str] | None,
        options: dict[str, Any],
    ) -> None:
        super().__init__(None, status, headers=dict(headers or {}))
        self._of = request
        self._is_page = isinstance(request.accepted_renderer, renderers.BrowsableAPIRenderer)
        self._bounds = _PAGE if self._is_page else _WHOLE
        self._is_document = isinstance(content, Document) or is_tree(content)
        self._inner = self._within_bounds(content, options)
        untyped: Any = self
        untyped._resource_closers.append(cast("Any", self._inner)._close_body)  # noqa: SLF001 - `close` would end the request
        if self._inner.is_async:
            self.render = self._render_async  # type: ignore[method-assign] # as the request says

    def _within_bounds(self, content: Any, options: dict[str, Any]) -> _Inner:
        delivery: Delivery = options.get("delivery") or cast("Any", defaults())["delivery"]
        longest = min(self._bounds.seconds, delivery.max_duration or self._bounds.seconds)
        self._bounds = _Bounds(self._bounds.items, longest)
        given: dict[str, Any] = {name: options[name] for name in ("encoder", "on_finish") if name in options}
        # The first item is waited for as long as any: an error before it is the view's.
        given["delivery"] = replace(
            delivery,
            commit_after=longest + 1.0,
            max_duration=longest,
            cleanup_timeout=min(delivery.cleanup_timeout, longest),
            compression=(),
        )
        given["formats"] = [JSON() if self._is_document else NDJSON()]
        if not self._is_document:
            content = first(self._bounds.items + 1, content)  # one more says that there are more
        http: Any = self._of._request  # noqa: SLF001 - Django's, which the framework's is around
        streamed = made(content, 200, None, None, cast("Options", given))
        question = asked(http)._replace(method="GET", accept=(), last_event_id=())
        inner = respond(streamed, streamed.plan(question), http, _Inner)
        inner.of = self._of
        return inner

    def render(self) -> Any:
        """Gather what there is, and have it rendered."""
        if self.is_rendered:
            return self
        inner, runs = self._inner, list[bytes]()
        instead = inner.render()
        if instead is not inner:
            return self._instead(instead)
        with suppress(Unfinished):  # the body itself says so
            runs += inner
        return self._rendered(b"".join(runs))

    async def _render_async(self) -> Any:
        if self.is_rendered:
            return self
        inner = self._inner
        instead = await inner.render()
        if instead is not inner:
            return await sync_to_async(self._instead)(instead)
        body = b"".join([run async for run in inner])
        return await sync_to_async(self._rendered)(body)

    def _instead(self, response: HttpResponse) -> Any:
        if not self._is_document and response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            problem = Problem.of(msgspec.json.decode(response.content))
            if problem.detail == _TOO_LONG:
                return self._filled([], problem)
        return response

    def _rendered(self, body: bytes) -> Any:
        if self._is_document:
            self.data = msgspec.json.decode(body)
            return super().render()
        return self._filled(*_read(body))

    def _filled(self, items: list[Any], problem: Problem | None) -> Any:
        bounds, cut = self._bounds, problem is not None and problem.detail == _TOO_LONG
        if problem is not None and not cut:
            self.data, self.status_code, self.exception = problem.members(), problem.status, True
            return super().render()
        if not self._is_page and (cut or len(items) > bounds.items):
            limits = f"more than {bounds.items:,} items, or longer than {bounds.seconds:g} s"
            error = NotAcceptable(f"{limits}: too many for {self._of.accepted_renderer.media_type}")
            response = handled(self._of, error)
            if response is not None:
                return response
            self.data, self.status_code = {"detail": error.detail}, error.status_code
            return super().render()
        self.data = items[: bounds.items]
        if self._of.accepted_renderer.format == "api" and (cut or len(items) > bounds.items):
            came = f"this page shows what came in {bounds.seconds:g} s"
            self.data.append(f"… {came if cut else f'this page shows the first {bounds.items} items'}")
        return super().render()


_TOO_LONG: Final = SENT_AWAY["max_duration"].detail


class _Inner(ViewResponse):
    """The stream itself, which is read here and by no server."""

    def _pulled(self) -> Pulled:
        return Pulled(self._streamed, self._plan, self._within, None)


def head(
    request: Request, content: Any, status: int, headers: Mapping[str, str] | None, options: dict[str, Any]
) -> ViewResponse:
    """The fields of a `Gathered`, for which nothing is gathered: the source is not started."""
    http: Any = request._request  # noqa: SLF001 - as above
    renderer: Any = request.accepted_renderer
    charset = "" if renderer.charset is None else f"; charset={renderer.charset}"
    media_type = f"{renderer.media_type}{charset}"
    given: dict[str, Any] = {name: options[name] for name in ("delivery", "on_finish") if name in options}
    given["formats"] = [JSON()]
    streamed = made(content, status, headers, None, cast("Options", given))
    fields = [(b"content-type", media_type.encode("latin-1")), *streamed.raw_headers]
    plan = replace(
        streamed.plan(asked(http)._replace(accept=())), headers=fields, instead=Whole(status, fields)
    )
    response = respond(streamed, plan, http, ViewResponse)
    response.of = request
    return response


def _read(body: bytes) -> tuple[list[Any], Problem | None]:
    decoder = NDJSON().decoder(Limits(line=len(body) + 1))
    items = decoder.feed(body)
    try:
        return [*items, *decoder.finish()], None
    except StreamFailed as failed:
        return items, failed.problem
