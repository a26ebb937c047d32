"""Views whose renderers write whole values."""

from __future__ import annotations

import asyncio
import threading
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final

from rest_framework import renderers
from rest_framework.decorators import api_view, renderer_classes

from tailrace import Abort, Delivery, Outcome, Problem
from tailrace.drf import JSONRenderer, stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rest_framework.request import Request

OUTCOMES: Final[list[Outcome]] = []
HURRIED: Final = Delivery(max_duration=0.2)


class Words(renderers.BaseRenderer):
    """One that needs the whole, as those for XML and YAML do."""

    media_type = "text/plain"
    format = "words"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> str:
        del accepted_media_type, renderer_context
        return repr(data)


class Enveloped(renderers.JSONRenderer):
    """A JSON renderer of a project: it cannot be called item by item."""

    media_type = "application/vnd.shop+json"
    format = "enveloped"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return super().render({"data": data}, accepted_media_type, renderer_context)


_ALL: Final = [JSONRenderer, Words, Enveloped, renderers.BrowsableAPIRenderer, renderers.AdminRenderer]


@api_view(["GET", "HEAD"])
@renderer_classes(_ALL)
def many(request: Request) -> Any:
    numbers = islice(count(), int(request.query_params["count"]))
    return stream(request, ({"n": n} for n in numbers), on_finish=OUTCOMES.append)


@api_view(["GET"])
@renderer_classes(_ALL)
def unending(request: Request) -> Any:
    return stream(request, ({"n": n} for n in count()), on_finish=OUTCOMES.append)


@api_view(["GET"])
@renderer_classes(_ALL)
def endless(request: Request) -> Any:
    async def ticks() -> AsyncIterator[dict[str, int]]:
        yield {"n": 1}
        await asyncio.Event().wait()

    return stream(request, ticks(), delivery=HURRIED, on_finish=OUTCOMES.append)


@api_view(["GET"])
@renderer_classes(_ALL)
def silent(request: Request) -> Any:
    """A sync source that has nothing to say for as long as anybody waits."""
    gone = threading.Event()

    def ticks() -> Iterator[int]:
        gone.wait()
        yield 1

    return stream(request, ticks(), delivery=HURRIED, on_finish=_ended(gone))


def _ended(gone: threading.Event) -> Any:
    def ended(outcome: Outcome) -> None:
        OUTCOMES.append(outcome)
        gone.set()

    return ended


@api_view(["GET"])
@renderer_classes(_ALL)
def breaking(request: Request) -> Any:
    def rows() -> Iterator[int]:
        yield 1
        raise Abort(Problem(title="Gone", status=410, detail="the shop has burnt down"))

    return stream(request, rows())


@api_view(["GET"])
@renderer_classes(_ALL)
def misfit(request: Request) -> Any:
    """No items."""
    given: dict[str, Any] = {"text": "abc", "number": 5, "function": misfit}
    return stream(request, given[request.query_params["given"]])


@api_view(["GET"])
@renderer_classes(_ALL)
def mistaken(request: Request) -> Any:
    options: Any = {"content_type": "text/csv"}
    return stream(request, [], **options)


@api_view(["GET", "HEAD"])
@renderer_classes(_ALL)
def tree(request: Request) -> Any:
    async def later() -> str:
        return "leaf"

    return stream(request, {"later": later()}, status=203, headers={"X-Tree": "oak"})
